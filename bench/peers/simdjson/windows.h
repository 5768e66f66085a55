// Tumbling windows of event time over several threads: each thread counts into tables of its own and hands a window over when its watermark has passed
// it; the last one adds the tables up and writes the rows. Output becomes visible by a renaming, as of a committing sink.
#pragma once
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include "table.h"

constexpr int64_t WINDOW_MS = 10'000, DELAY_MS = 2'000, FOREVER = std::numeric_limits<int64_t>::max();

class RowFile {
  std::string path, text;
  int fd;

public:
  explicit RowFile(const char *path) : path(path) {
    fd = open((this->path + ".inprogress").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (fd < 0) throw std::runtime_error("cannot write the output");
  }
  void put(std::string_view s) { text.append(s); }
  void put(int64_t n) {
    char digits[24];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
  }
  void endRow() {
    text.append("}\n");
    if (text.size() > (1 << 20)) flush();
  }
  void flush() {
    for (size_t at = 0; at < text.size();) {
      ssize_t n = write(fd, text.data() + at, text.size() - at);
      if (n < 0) throw std::runtime_error("cannot write the output");
      at += n;
    }
    text.clear();
  }
  void commit() {
    flush();
    close(fd);
    if (rename((path + ".inprogress").c_str(), path.c_str()) != 0) throw std::runtime_error("cannot rename the output");
  }
};

/** What is done with a finished window. */
template <class Keys> using WriteWindow = void (*)(RowFile &, const char *start, const Table<Keys> &);

template <class Keys> class Merger {
  struct Pending {
    std::unique_ptr<Table<Keys>> table;
  };
  std::mutex mutex;
  std::map<int64_t, Pending> pending;
  std::vector<int64_t> passed;
  RowFile &out;
  WriteWindow<Keys> write;

public:
  Merger(int threads, RowFile &out, WriteWindow<Keys> write) : passed(threads, 0), out(out), write(write) {}

  /** Takes a thread's windows up to its watermark; writes those that every thread has passed. */
  void pass(int thread, int64_t watermark, std::vector<std::pair<int64_t, std::unique_ptr<Table<Keys>>>> &due) {
    std::lock_guard<std::mutex> lock(mutex);
    for (auto &[start, table] : due) {
      auto &p = pending[start];
      if (!p.table) p.table = std::move(table);
      else table->each([&](auto key, const Totals &t) { p.table->at(key).add(t); });
    }
    due.clear();
    passed[thread] = watermark;
    int64_t all = *std::min_element(passed.begin(), passed.end());
    while (!pending.empty() && pending.begin()->first + WINDOW_MS - 1 <= all) {
      char start[32];
      time_t s = pending.begin()->first / 1000;
      tm parts;
      strftime(start, sizeof start, "%Y-%m-%d %H:%M:%S", gmtime_r(&s, &parts));
      write(out, start, *pending.begin()->second.table);
      pending.erase(pending.begin());
    }
  }
};

/** One thread's windows. */
template <class Keys> class Windows {
  static constexpr int RING = 16;
  std::unique_ptr<Table<Keys>> tables[RING];
  int64_t starts[RING];
  int64_t newest = 0, fireAt = FOREVER;
  size_t capacity = 1 << 11;
  Merger<Keys> &merger;
  int thread;

public:
  int64_t late = 0;

  Windows(Merger<Keys> &merger, int thread) : merger(merger), thread(thread) { std::fill_n(starts, RING, -1); }

  /** The window of an event; null when it is late. */
  Table<Keys> *of(int64_t ms) {
    int64_t start = ms - ms % WINDOW_MS;
    int r = (start / WINDOW_MS) & (RING - 1);
    if (starts[r] == start) return tables[r].get();
    if (start + WINDOW_MS - 1 <= newest - DELAY_MS) return late++, nullptr;
    if (starts[r] >= 0) throw std::runtime_error("more windows are open than the ring has room for");
    starts[r] = start;
    tables[r] = std::make_unique<Table<Keys>>(capacity);
    fireAt = std::min(fireAt, start + WINDOW_MS - 1);
    return tables[r].get();
  }
  void saw(int64_t ms) {
    if (ms <= newest) return;
    newest = ms;
    if (newest - DELAY_MS >= fireAt) fire(newest - DELAY_MS);
  }
  void fire(int64_t watermark) {
    std::vector<std::pair<int64_t, std::unique_ptr<Table<Keys>>>> due;
    fireAt = FOREVER;
    for (int r = 0; r < RING; r++) {
      if (starts[r] < 0) continue;
      if (starts[r] + WINDOW_MS - 1 <= watermark) {
        capacity = std::max(capacity, tables[r]->capacity());
        due.emplace_back(starts[r], std::move(tables[r]));
        starts[r] = -1;
      } else fireAt = std::min(fireAt, starts[r] + WINDOW_MS - 1);
    }
    merger.pass(thread, watermark, due);
  }
};
