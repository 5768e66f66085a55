// Open addressing with linear probing: what a C++ programmer writes for this work. Keys are numbers or texts.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

inline uint64_t mix(uint64_t x) {
  x ^= x >> 32;
  x *= 0x9e3779b97f4a7c15ull;
  return x ^ (x >> 29);
}

inline uint64_t hashOf(int64_t key) { return mix(uint64_t(key)); }

inline uint64_t hashOf(std::string_view s) {
  uint64_t h = s.size();
  size_t i = 0;
  for (uint64_t w; i + 8 <= s.size(); i += 8) {
    memcpy(&w, s.data() + i, 8);
    h = (h ^ w) * 0x9fb21c651e98df25ull;
    h ^= h >> 35;
  }
  for (; i < s.size(); i++) h = (h ^ uint8_t(s[i])) * 0x100000001b3ull;
  return mix(h);
}

/** How a table keeps a key beyond the call: numbers as they are, texts in an arena. */
struct Numbers {
  using Key = int64_t;
  using Stored = int64_t;
  Stored keep(Key k) { return k; }
  Key view(Stored s) const { return s; }
};

struct Texts {
  using Key = std::string_view;
  struct Stored {
    uint32_t at, length;
  };
  std::vector<char> bytes;
  Stored keep(Key k) {
    Stored s{uint32_t(bytes.size()), uint32_t(k.size())};
    bytes.insert(bytes.end(), k.begin(), k.end());
    return s;
  }
  Key view(Stored s) const { return {bytes.data() + s.at, s.length}; }
};

struct Totals {
  int64_t count = 0, sum = 0, largest = INT64_MIN;
  void add(int64_t amount) {
    count++;
    sum += amount;
    if (amount > largest) largest = amount;
  }
  void add(const Totals &other) {
    count += other.count;
    sum += other.sum;
    if (other.largest > largest) largest = other.largest;
  }
};

template <class Keys> class Table {
  struct Entry {
    uint64_t hash;
    typename Keys::Stored key;
    Totals totals;
  };
  Keys keys;
  std::vector<Entry> entries;
  size_t used = 0;

  void grow() {
    std::vector<Entry> old(entries.size() * 2);
    old.swap(entries);
    for (const Entry &e : old)
      if (e.totals.count > 0) {
        size_t i = e.hash & (entries.size() - 1);
        while (entries[i].totals.count > 0) i = (i + 1) & (entries.size() - 1);
        entries[i] = e;
      }
  }

public:
  explicit Table(size_t capacity) : entries(capacity) {}
  /** for the next window, which will hold about as many keys */
  size_t capacity() const { return entries.size(); }

  /** The totals of a key; a new key's are to be added to at once. */
  Totals &at(typename Keys::Key key) {
    uint64_t hash = hashOf(key);
    size_t i = hash & (entries.size() - 1);
    for (; entries[i].totals.count > 0; i = (i + 1) & (entries.size() - 1))
      if (entries[i].hash == hash && keys.view(entries[i].key) == key) return entries[i].totals;
    if (++used * 2 > entries.size()) {
      grow();
      i = hash & (entries.size() - 1);
      while (entries[i].totals.count > 0) i = (i + 1) & (entries.size() - 1);
    }
    entries[i].hash = hash;
    entries[i].key = keys.keep(key);
    return entries[i].totals;
  }

  template <class F> void each(F f) const {
    for (const Entry &e : entries)
      if (e.totals.count > 0) f(keys.view(e.key), e.totals);
  }
};
