// The limit: the same work in C++. peer ads|users simdjson|layout|blind THREADS KEY INPUT OUTPUT
// simdjson: its on-demand parser over whole lines, keys in any order. layout: the plain ads record's keys in their order, every byte verified, a record that looks
// otherwise ends the run. blind: its offsets are assumed and nothing is verified.
// KEY is number or text. Threads claim blocks of the file in order from a shared counter, as millrace's slots do.
#include <atomic>
#include <chrono>
#include <simdjson.h>
#if defined(__AVX512BW__)
#include <immintrin.h>
#endif
#include <sys/stat.h>
#include <thread>
#include "windows.h"

using namespace simdjson;

constexpr size_t BLOCK = 1 << 20, LINE_MAX_BYTES = 1 << 16;

/** Whole lines of the blocks that this thread claims. */
template <class F> void eachBlock(int fd, size_t size, std::atomic<size_t> &next, F lines) {
  std::vector<char> room(BLOCK + LINE_MAX_BYTES + SIMDJSON_PADDING + 64);
  for (size_t from; (from = next.fetch_add(1) * BLOCK) < size;) {
    size_t at = from == 0 ? 0 : from - 1; // the byte before decides whether the first line is ours
    ssize_t n = pread(fd, room.data(), std::min(BLOCK + LINE_MAX_BYTES, size - at), at);
    if (n < 0) throw std::runtime_error("cannot read the input");
    const char *start = room.data(), *end = start + n;
    if (from > 0) {
      start = (const char *)memchr(start, '\n', n);
      if (start == nullptr) continue;
      start++;
    }
    const char *last = room.data() + (from + BLOCK - 1 - at);
    if (last < end) {
      last = (const char *)memchr(last, '\n', end - last);
      if (last == nullptr) throw std::runtime_error("a line is longer than the buffer");
      end = last + 1;
    }
    memset(room.data() + n, 0, SIMDJSON_PADDING);
    if (start < end) lines((char *)start, (char *)end);
  }
}

template <class F> void eachDocument(ondemand::parser &parser, char *start, char *end, F take) {
  ondemand::document_stream stream;
  if (parser.iterate_many(start, end - start, BLOCK + LINE_MAX_BYTES).get(stream)) throw std::runtime_error("simdjson refuses the block");
  for (auto doc : stream) take(doc.value());
}

template <class Keys> typename Keys::Key keyOf(ondemand::value v);
template <> int64_t keyOf<Numbers>(ondemand::value v) { return v.get_int64(); }
template <> std::string_view keyOf<Texts>(ondemand::value v) { return v.get_string(); }

template <class Keys> size_t adsBySimdjson(ondemand::parser &parser, Windows<Keys> &windows, char *start, char *end) {
  size_t records = 0;
  eachDocument(parser, start, end, [&](ondemand::document_reference doc) {
    ondemand::object o = doc.get_object();
    auto ad = keyOf<Keys>(o["ad_id"].value());
    std::string_view type = o["event_type"];
    int64_t ms = o["event_time"].get_int64();
    if (type == "view")
      if (auto *w = windows.of(ms)) w->at(ad).count++;
    windows.saw(ms);
    records++;
  });
  return records;
}

template <class Keys> size_t usersBySimdjson(ondemand::parser &parser, Windows<Keys> &windows, char *start, char *end) {
  size_t records = 0;
  eachDocument(parser, start, end, [&](ondemand::document_reference doc) {
    ondemand::object o = doc.get_object();
    auto user = keyOf<Keys>(o["user_id"].value());
    int64_t amount = o["amount"].get_int64();
    int64_t ms = o["event_time"].get_int64();
    if (auto *w = windows.of(ms)) w->at(user).add(amount);
    windows.saw(ms);
    records++;
  });
  return records;
}

/** The quote that ends a string of plain ASCII at p; reads up to 64 bytes more. */
inline char *stringEnd(char *p) {
#if defined(__AVX512BW__)
  for (uint64_t m;; p += 64) {
    __m512i v = _mm512_loadu_si512(p);
    // less than a blank, signed: control characters and everything that is not ASCII
    m = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')) | _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\')) | _mm512_cmplt_epi8_mask(v, _mm512_set1_epi8(32));
    if (m != 0) {
      p += __builtin_ctzll(m);
      break;
    }
  }
#else
  while (*p != '"' && *p != '\\' && (signed char)*p >= 32) p++;
#endif
  if (*p != '"') throw std::runtime_error("a string is not plain ASCII");
  return p;
}

template <size_t N> inline char *expect(char *p, const char (&text)[N]) {
  if (memcmp(p, text, N - 1) != 0) throw std::runtime_error("a record has not the layout assumed");
  return p + N - 1;
}

/** {"user_id":"36","page_id":"36","ad_id":"36","ad_type":"...","event_type":"...","event_time":13,"ip_address":"..."} */
size_t adsByLayout(Windows<Texts> &windows, char *start, char *end) {
  size_t records = 0;
  for (char *p = start; p < end; records++) {
    p = stringEnd(expect(p, "{\"user_id\":\""));
    p = stringEnd(expect(p, "\",\"page_id\":\""));
    char *ad = expect(p, "\",\"ad_id\":\"");
    char *adEnd = stringEnd(ad);
    p = stringEnd(expect(adEnd, "\",\"ad_type\":\""));
    char *type = expect(p, "\",\"event_type\":\"");
    char *typeEnd = stringEnd(type);
    char *t = expect(typeEnd, "\",\"event_time\":");
    int64_t ms = 0;
    unsigned bad = 0;
    for (int i = 0; i < 13; i++) {
      unsigned digit = (unsigned char)t[i] - '0';
      bad |= digit > 9;
      ms = ms * 10 + digit;
    }
    if (bad) throw std::runtime_error("a time has not 13 digits");
    p = expect(stringEnd(expect(t + 13, ",\"ip_address\":\"")), "\"}\n");
    if (std::string_view(type, typeEnd - type) == "view")
      if (auto *w = windows.of(ms)) w->at(std::string_view(ad, adEnd - ad)).count++;
    windows.saw(ms);
  }
  return records;
}

/** The same record, of which only the bytes that are needed are looked at. */
size_t adsBlind(Windows<Texts> &windows, char *start, char *end) {
  constexpr int AD = 108, TYPE = AD + 36 + 13;
  size_t records = 0;
  for (char *p = start; p < end; records++) {
    char *q = (char *)memchr(p + TYPE, '"', end - p - TYPE) + 16; // the event type's first letter
    bool view = *q == 'v';
    char *t = q + (view ? 4 : *q == 'c' ? 5 : 8) + 15;
    int64_t ms = 0;
    for (int i = 0; i < 13; i++) ms = ms * 10 + t[i] - '0';
    if (view)
      if (auto *w = windows.of(ms)) w->at(std::string_view(p + AD, 36)).count++;
    windows.saw(ms);
    p = (char *)memchr(t + 13, '\n', end - t - 13) + 1;
  }
  return records;
}

void put(RowFile &out, int64_t key) { out.put(key); }
void put(RowFile &out, std::string_view key) {
  out.put("\"");
  out.put(key);
  out.put("\"");
}

template <class Keys> void writeAds(RowFile &out, const char *start, const Table<Keys> &table) {
  table.each([&](auto key, const Totals &t) {
    out.put("{\"ad_id\":");
    put(out, key);
    out.put(",\"window_start\":\"");
    out.put(start);
    out.put("\",\"view_count\":");
    out.put(t.count);
    out.endRow();
  });
}

template <class Keys> void writeUsers(RowFile &out, const char *start, const Table<Keys> &table) {
  table.each([&](auto key, const Totals &t) {
    out.put("{\"user_id\":");
    put(out, key);
    out.put(",\"window_start\":\"");
    out.put(start);
    out.put("\",\"orders\":");
    out.put(t.count);
    out.put(",\"total\":");
    out.put(t.sum);
    out.put(",\"largest\":");
    out.put(t.largest);
    out.endRow();
  });
}

template <class Keys> void run(const std::string &work, const std::string &how, int threads, const char *input, const char *output) {
  auto began = std::chrono::steady_clock::now();
  int fd = open(input, O_RDONLY);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) throw std::runtime_error("cannot read the input");
  RowFile out(output);
  Merger<Keys> merger(threads, out, work == "ads" ? writeAds<Keys> : writeUsers<Keys>);
  std::atomic<size_t> next{0}, records{0}, late{0};
  auto body = [&](int thread) {
    ondemand::parser parser;
    Windows<Keys> windows(merger, thread);
    size_t n = 0;
    eachBlock(fd, info.st_size, next, [&](char *start, char *end) {
      if constexpr (std::is_same_v<Keys, Texts>) {
        if (how != "simdjson") {
          n += how == "layout" ? adsByLayout(windows, start, end) : adsBlind(windows, start, end);
          return;
        }
      }
      n += work == "ads" ? adsBySimdjson(parser, windows, start, end) : usersBySimdjson(parser, windows, start, end);
    });
    windows.fire(FOREVER);
    records += n;
    late += windows.late;
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; i++) others.emplace_back(body, i);
  body(0);
  for (auto &t : others) t.join();
  out.commit();
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  printf("{\"records\":%zu,\"seconds\":%.6f,\"late\":%zu}\n", size_t(records), seconds, size_t(late));
}

int main(int argc, char **argv) {
  if (argc != 7) return fprintf(stderr, "peer ads|users simdjson|layout|blind THREADS number|text INPUT OUTPUT\n"), 2;
  std::string key = argv[4];
  if (key == "number") run<Numbers>(argv[1], argv[2], atoi(argv[3]), argv[5], argv[6]);
  else run<Texts>(argv[1], argv[2], atoi(argv[3]), argv[5], argv[6]);
}
