export default function build(env: never): void {
  (env as { fromNowhere(): void }).fromNowhere();
}
