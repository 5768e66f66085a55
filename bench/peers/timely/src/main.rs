//! The same work as a timely dataflow: source -> exchange by key -> windows that fire by the frontier.
//! timely-peer ads|users number|text WORKERS INPUT OUTPUT-FOLDER, or timely-peer counts KEYS RECORDS WORKERS
mod windows;

use serde::Deserialize;
use std::collections::HashMap;
use std::fs::File;
use std::hash::BuildHasherDefault;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;
use timely::Config;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::Operator;
use timely::dataflow::operators::generic::operator::source;
use windows::{DELAY_MS, Key, Mixer, Text, WINDOW_MS, Windows};

const BLOCK: u64 = 1 << 20;
const LINE_BYTES_MAX: u64 = 1 << 16;

/// What one record gives: its key, amount and time, and whether it counts.
struct Event<K> {
    key: K,
    amount: i64,
    time: u64,
    counts: bool,
}

#[derive(Deserialize)]
struct Ad<'a> {
    ad_id: &'a str,
    event_type: &'a str,
    event_time: u64,
}

#[derive(Deserialize)]
struct Order<U> {
    user_id: U,
    amount: i64,
    event_time: u64,
}

fn ad(line: &[u8]) -> Event<Text> {
    let r: Ad = sonic_rs::from_slice(line).expect("bad JSON");
    Event { key: Text::new(r.ad_id), amount: 0, time: r.event_time, counts: r.event_type == "view" }
}

fn order(line: &[u8]) -> Event<u64> {
    let r: Order<u64> = sonic_rs::from_slice(line).expect("bad JSON");
    Event { key: r.user_id, amount: r.amount, time: r.event_time, counts: true }
}

fn order_of_text(line: &[u8]) -> Event<Text> {
    let r: Order<&str> = sonic_rs::from_slice(line).expect("bad JSON");
    Event { key: Text::new(r.user_id), amount: r.amount, time: r.event_time, counts: true }
}

/// The lines that begin in block `n`: one byte before it decides whether its first line does.
fn lines<'a>(file: &File, size: u64, n: u64, room: &'a mut Vec<u8>) -> &'a [u8] {
    let from = n * BLOCK;
    let at = from.saturating_sub(1);
    room.resize(((BLOCK + LINE_BYTES_MAX).min(size - at)) as usize, 0);
    file.read_exact_at(room, at).expect("cannot read the input");
    let start = if from == 0 { 0 } else { memchr::memchr(b'\n', room).map_or(room.len(), |i| i + 1) };
    let last = (from + BLOCK - 1 - at) as usize;
    let end = if last >= room.len() { room.len() } else { last + memchr::memchr(b'\n', &room[last..]).map_or(room.len() - last, |i| i + 1) };
    &room[start.min(end)..end]
}

fn run<K: Key>(parse: fn(&[u8]) -> Event<K>, ads: bool, workers: usize, input: &str, output: &str) {
    let began = Instant::now();
    std::fs::create_dir_all(output).expect("cannot write the output");
    let file = Arc::new(File::open(input).expect("cannot read the input"));
    let size = file.metadata().expect("cannot read the input").len();
    let next = Arc::new(AtomicU64::new(0));
    let (records, late) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let output = output.to_string();
    let (seen, dropped) = (records.clone(), late.clone());
    timely::execute(Config::process(workers), move |worker| {
        let mut windows = Windows::<K>::new(ads, format!("{output}/part-{}", worker.index()));
        let (file, next, seen, dropped) = (file.clone(), next.clone(), seen.clone(), dropped.clone());
        worker.dataflow::<u64, _, _>(|scope| {
            let rows = source(scope, "Records", |capability, info| {
                let activator = scope.activator_for(info.address);
                let mut capability = Some(capability);
                let mut room = Vec::new();
                let mut newest = 0;
                move |out| {
                    let Some(time) = capability.as_mut() else { return };
                    let block = next.fetch_add(1, Relaxed);
                    if block * BLOCK >= size {
                        capability = None;
                        return;
                    }
                    let (mut n, mut late) = (0, 0);
                    let mut session = out.session(time);
                    let text = lines(&file, size, block, &mut room);
                    let mut at = 0;
                    for end in memchr::memchr_iter(b'\n', text).chain((text.last() != Some(&b'\n') && !text.is_empty()).then_some(text.len())) {
                        let e = parse(&text[at..end]);
                        at = end + 1;
                        n += 1;
                        let start = e.time - e.time % WINDOW_MS;
                        if e.counts {
                            if start + WINDOW_MS + DELAY_MS <= newest + 1 { late += 1 } else { session.give((start, e.key, e.amount)) }
                        }
                        newest = newest.max(e.time);
                    }
                    drop(session);
                    time.downgrade(&newest.saturating_sub(DELAY_MS).saturating_add(1).max(*time.time()));
                    seen.fetch_add(n, Relaxed);
                    dropped.fetch_add(late, Relaxed);
                    activator.activate();
                }
            });
            rows.container::<Vec<(u64, K, i64)>>().sink(Exchange::new(|(_, key, _): &(u64, K, i64)| key.route()), "Windows", move |(input, frontier)| {
                input.for_each_time(|_, data| {
                    for rows in data {
                        for (start, key, amount) in rows.drain(..) {
                            windows.add(start, key, amount);
                        }
                    }
                });
                match frontier.frontier().iter().next() {
                    Some(time) => windows.fire(Some(*time)),
                    None => {
                        windows.fire(None);
                        windows.commit();
                    }
                }
            });
        });
    })
    .expect("timely does not start");
    let seconds = began.elapsed().as_secs_f64();
    println!("{{\"records\":{},\"seconds\":{seconds:.6},\"late\":{}}}", records.load(Relaxed), late.load(Relaxed));
}

/// Numbers made per activation.
const NUMBERS: u64 = 1 << 14;

/// A running count over integers made in memory: every one leaves its key's new count, which is looked at and dropped.
fn counts(keys: u64, records: u64, workers: usize) {
    let began = Instant::now();
    let seen = Arc::new(AtomicU64::new(0));
    let total = seen.clone();
    timely::execute(Config::process(workers), move |worker| {
        let (index, peers) = (worker.index() as u64, worker.peers() as u64);
        let share = records / peers + u64::from(index < records % peers);
        let total = total.clone();
        worker.dataflow::<u64, _, _>(|scope| {
            let numbers = source(scope, "Numbers", |capability, info| {
                let activator = scope.activator_for(info.address);
                let mut capability = Some(capability);
                let (mut made, mut state) = (0, index + 1);
                move |out| {
                    let Some(time) = capability.as_ref() else { return };
                    let n = NUMBERS.min(share - made);
                    let mut session = out.session(time);
                    for _ in 0..n {
                        // splitmix64
                        state = state.wrapping_add(0x9e3779b97f4a7c15);
                        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
                        z = (z ^ (z >> 27)).wrapping_mul(0x94d049bb133111eb);
                        session.give(((z ^ (z >> 31)) as u128 * keys as u128 >> 64) as u64);
                    }
                    drop(session);
                    made += n;
                    if made == share { capability = None } else { activator.activate() }
                }
            });
            numbers
                .container::<Vec<u64>>()
                .unary(Exchange::new(|key: &u64| key.route()), "Count", |_, _| {
                    let mut counts: HashMap<u64, u64, BuildHasherDefault<Mixer>> = HashMap::default();
                    move |input, output| {
                        input.for_each_time(|time, data| {
                            let mut session = output.session(&time);
                            for keys in data {
                                for key in keys.drain(..) {
                                    let n = counts.entry(key).or_insert(0);
                                    *n += 1;
                                    session.give((key, *n));
                                }
                            }
                        });
                    }
                })
                .container::<Vec<(u64, u64)>>()
                .sink(Pipeline, "Blackhole", move |(input, _)| {
                    input.for_each_time(|_, data| {
                        for rows in data {
                            total.fetch_add(std::hint::black_box(&*rows).len() as u64, Relaxed);
                        }
                    });
                });
        });
    })
    .expect("timely does not start");
    let seconds = began.elapsed().as_secs_f64();
    println!("{{\"records\":{},\"seconds\":{seconds:.6}}}", seen.load(Relaxed));
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, work, keys, records, workers] = &args[..] {
        assert_eq!(work, "counts");
        return counts(keys.parse().expect("KEYS"), records.parse().expect("RECORDS"), workers.parse().expect("WORKERS"));
    }
    let [_, work, key, workers, input, output] = &args[..] else { panic!("timely-peer ads|users number|text WORKERS INPUT OUTPUT-FOLDER") };
    let workers = workers.parse().expect("WORKERS is a number");
    match (work.as_str(), key.as_str()) {
        ("ads", _) => run(ad, true, workers, input, output),
        (_, "number") => run(order, false, workers, input, output),
        _ => run(order_of_text, false, workers, input, output),
    }
}
