//! Windows of one worker, keys of up to 40 bytes, and rows that become visible by a renaming.
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::{File, rename};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::io::Write;

pub const WINDOW_MS: u64 = 10_000;
pub const DELAY_MS: u64 = 2_000;

/// A multiplicative hasher: the standard one resists attacks and is several times slower.
#[derive(Default)]
pub struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(u64::from(*b));
        }
    }
    fn write_u64(&mut self, x: u64) {
        self.0 = (self.0 ^ x).wrapping_mul(0x9fb21c651e98df25);
        self.0 ^= self.0 >> 35;
    }
    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0x9e3779b97f4a7c15)
    }
}

pub trait Key: Copy + Eq + Hash + Serialize + for<'a> Deserialize<'a> + Send + Sync + 'static {
    fn put(&self, out: &mut Vec<u8>);
    fn route(&self) -> u64 {
        let mut h = Mixer::default();
        self.hash(&mut h);
        h.finish() >> 7
    }
}

impl Key for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        write!(out, "{self}").unwrap();
    }
}

/// A text of up to 40 bytes, zeros behind it: no allocation per record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text([u64; 5]);

impl Text {
    pub fn new(s: &str) -> Text {
        let mut bytes = [0u8; 40];
        bytes[..s.len()].copy_from_slice(s.as_bytes());
        let mut words = [0u64; 5];
        for (w, b) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *w = u64::from_le_bytes(b.try_into().unwrap());
        }
        Text(words)
    }
}

impl Key for Text {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend(self.0.iter().flat_map(|w| w.to_le_bytes()).take_while(|b| *b != 0));
        out.push(b'"');
    }
}

#[derive(Clone, Copy)]
pub struct Totals {
    pub count: u64,
    pub sum: i64,
    pub largest: i64,
}

pub type Table<K> = HashMap<K, Totals, BuildHasherDefault<Mixer>>;

/// `YYYY-MM-DD hh:mm:ss` of a time in ms since 1970 (Howard Hinnant's civil_from_days).
fn timestamp(ms: u64) -> String {
    let (days, s) = (ms / 86_400_000 + 719_468, ms / 1000 % 86_400);
    let (era, doe) = (days / 146_097, days % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

pub struct Windows<K> {
    open: BTreeMap<u64, Table<K>>,
    /// keys of the largest window so far: the next one is made as large
    keys: usize,
    ads: bool,
    path: String,
    file: File,
    text: Vec<u8>,
}

impl<K: Key> Windows<K> {
    pub fn new(ads: bool, path: String) -> Self {
        let file = File::create(format!("{path}.inprogress")).expect("cannot write the output");
        Windows { open: BTreeMap::new(), keys: 1024, ads, path, file, text: Vec::new() }
    }

    pub fn add(&mut self, start: u64, key: K, amount: i64) {
        let keys = self.keys;
        let table = self.open.entry(start).or_insert_with(|| Table::with_capacity_and_hasher(keys, Default::default()));
        let t = table.entry(key).or_insert(Totals { count: 0, sum: 0, largest: i64::MIN });
        t.count += 1;
        t.sum += amount;
        t.largest = t.largest.max(amount);
    }

    /// Writes the windows that end before `frontier`; all of them without one.
    pub fn fire(&mut self, frontier: Option<u64>) {
        while let Some(e) = self.open.first_entry() {
            if frontier.is_some_and(|f| e.key() + WINDOW_MS > f) {
                return;
            }
            let (start, table) = e.remove_entry();
            self.keys = self.keys.max(table.len());
            let start = timestamp(start);
            for (key, t) in &table {
                self.text.extend(if self.ads { &b"{\"ad_id\":"[..] } else { b"{\"user_id\":" });
                key.put(&mut self.text);
                if self.ads {
                    writeln!(self.text, ",\"window_start\":\"{start}\",\"view_count\":{}}}", t.count).unwrap();
                } else {
                    writeln!(self.text, ",\"window_start\":\"{start}\",\"orders\":{},\"total\":{},\"largest\":{}}}", t.count, t.sum, t.largest).unwrap();
                }
                if self.text.len() > 1 << 20 {
                    self.flush();
                }
            }
        }
    }

    fn flush(&mut self) {
        self.file.write_all(&self.text).expect("cannot write the output");
        self.text.clear();
    }

    pub fn commit(&mut self) {
        self.flush();
        rename(format!("{}.inprogress", self.path), &self.path).expect("cannot rename the output");
    }
}
