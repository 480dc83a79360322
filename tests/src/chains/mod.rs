//! Chains that a forger constructs, each judged by every verifier there is.
//!
//! A forger who knows every rule makes small chains with the keys of nobody, of some nodes, of everybody: he
//! breaks one rule or two and links everything else anew so that it fits, puts pieces of lawful chains together,
//! empties blocks, brings validators of his own, and damages what he made. Each chain goes through the audit of
//! the library; a part of them through the binary as an archive, as a home and from a node, and through the
//! second implementation. All have to say what a plain second judge says ([`law`]): and nobody *holds* a byte that
//! not more than two thirds signed, which is found without a verifier, by comparing bytes.

mod breaks;
mod forger;
mod judge;
mod law;
mod links;
mod pieces;
mod sources;
mod stock;
mod stretch;
mod table;

pub use table::Table;

use crate::dice::Dice;
use crate::luqi;
use crate::python::Python;
use crate::said::Said;
use forger::{KINDS, Keys, Made};
use ledger_core::audit::Verdict;
use ledger_core::names::BlockHash;
use serde_json::Value;
use sources::Server;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use stock::Stock;

/// How many of the chains go where else than to the library: one of so many.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// To the second implementation; none where it cannot run.
    pub python: Option<usize>,
    /// To the binary, as an archive, as a home, and from a node: each.
    pub binary: usize,
}

/// Stocks that a run draws from.
const STOCKS: usize = 24;

/// Constructs so many chains, and has each judged.
///
/// # Panics
/// When a chain cannot be made, or a verifier does not answer.
#[must_use]
pub fn run(chains: usize, seed: u64, sample: Sample) -> Table {
    let mut dice = Dice::new(seed);
    let stocks: Vec<Stock> = (0..STOCKS).map(|number| Stock::new(&mut dice, number)).collect();
    let stocks: Vec<Kept> = stocks.into_iter().map(Kept::of).collect();
    let (table, next) = (Mutex::new(Table::default()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let mut hands = Hands::new(sample);
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < chains) {
                    let mut dice = Dice::new(seed.wrapping_add(1 + ((number as u64) << 32)));
                    let case = Case::make(&mut dice, &stocks);
                    let judged = hands.judge(&mut dice, &case);
                    table.lock().unwrap().take(&case.row, judged, || {
                        format!("chain {number} of seed {seed}, {}: {}: {}", case.stock.stock.name, case.row, case.what)
                    });
                }
            });
        }
    });
    table.into_inner().unwrap()
}

/// A stock, with what an auditor kept of each height of its trunk.
struct Kept {
    stock: Stock,
    bookmarks: Vec<(Value, PathBuf)>,
}

impl Kept {
    fn of(stock: Stock) -> Self {
        let keep = |height: u64| {
            let report = judge::audit(&stock.genesis, &stock.prefix(height), None);
            assert_eq!(report["verdict"], "holds", "{}: {report}", stock.name);
            let path = stock.folder().join(format!("kept-{height}.json"));
            std::fs::write(&path, report["bookmark"].to_string()).unwrap();
            (report["bookmark"].clone(), path)
        };
        let bookmarks = (1..=stock.trunk.len() as u64).map(keep).collect();
        sources::make_home(&stock);
        Self { stock, bookmarks }
    }

    fn hash(&self, height: u64) -> BlockHash {
        self.stock.trunk[height as usize - 1].header.hash()
    }
}

/// A forged archive, and what has to be true of it.
struct Case<'a> {
    stock: &'a Kept,
    row: String,
    what: String,
    file: Vec<u8>,
    /// The same as blocks, where the file holds them from the genesis on and is not damaged.
    made: Option<Made>,
    /// The height of the trunk of which the auditor kept the block.
    kept: Option<u64>,
    /// Whether it can be *holds* only if every byte is one that more than two thirds signed.
    unsigned: bool,
    /// Whether it is a stretch, of whose start only what was kept can prove anything.
    stretch: bool,
    lawless: bool,
}

impl<'a> Case<'a> {
    fn make(dice: &mut Dice, stocks: &'a [Kept]) -> Self {
        let stock = dice.pick(stocks);
        let stretch = dice.one_in(8);
        // Without what was kept, a stretch proves nothing.
        let kept = dice.one_in(if stretch { 2 } else { 4 }).then(|| 1 + dice.of(0..stock.stock.trunk.len()) as u64);
        if stretch {
            let (row, file) = stretch::make(dice, &stock.stock);
            let what = format!("a stretch above block {}, kept {kept:?}", stock.stock.stretch.1);
            return Self { stock, row, what, file, made: None, kept, unsigned: true, stretch, lawless: false };
        }
        let kinds: Vec<_> = KINDS.iter().flat_map(|kind| vec![*kind; kind.weight]).collect();
        let kind = *dice.pick(&kinds);
        let made = (kind.make)(dice, &stock.stock);
        let end = made.links.last().map(|link| &link.certificate);
        let mut file = links::archive(&stock.stock.genesis, &made.links, end);
        let (mut row, mut what) = (kind.name.to_owned(), made.broken.join(", "));
        let (unsigned, lawless) = (made.keys != Keys::All, made.lawless);
        let mut whole = Some(made);
        if dice.one_in(3) {
            let (name, damage) = dice.pick(pieces::DAMAGES);
            damage(dice, &stock.stock, &mut file);
            row = format!("{} keys, then {name}", if unsigned { "no or some" } else { "all" });
            what = format!("{}: {what}, then {name}", kind.name);
            whole = None;
        }
        what = format!("{what}; kept {kept:?}");
        Self { stock, row, what, file, made: whole, kept, unsigned, stretch, lawless }
    }
}

/// What a worker judges with.
struct Hands {
    sample: Sample,
    folder: tempfile::TempDir,
    python: Option<Python>,
    server: Server,
}

/// What came of one chain.
#[derive(Default)]
struct Judged {
    verdict: Option<Verdict>,
    asked: table::Asked,
    failures: Vec<String>,
}

impl Hands {
    fn new(sample: Sample) -> Self {
        let folder = tempfile::Builder::new().prefix("luqi-chains-").tempdir().unwrap();
        Self { sample, folder, python: sample.python.map(|_| Python::start()), server: Server::start() }
    }

    fn judge(&mut self, dice: &mut Dice, case: &Case<'_>) -> Judged {
        let path = self.folder.path().join("archive");
        std::fs::write(&path, &case.file).unwrap();
        let stock = &case.stock.stock;
        let bookmark = case.kept.map(|height| &case.stock.bookmarks[height as usize - 1]);
        let said = Said::read(&judge::audit(&stock.genesis, &case.file, bookmark.map(|(kept, _)| kept)));
        let mut judged = Judged { verdict: said.as_ref().map(|said| said.verdict), ..Judged::default() };
        judged.failures.extend(wrong(case, said.as_ref()));
        if self.sample.python.is_some_and(|times| dice.one_in(times)) {
            judged.asked.python = true;
            let python = self.python.as_mut().unwrap();
            let answer = python.audit(&stock.genesis_file(), &path, bookmark.map(|(_, path)| path.as_path()));
            if answer.said != said {
                judged.failures.push(format!("luqi says {said:?}, verify.py {answer:?}"));
            }
        }
        if dice.one_in(self.sample.binary) {
            judged.asked.archive = true;
            judged.failures.extend(by_archive(case, &path, bookmark.map(|(_, path)| path.as_path()), said.as_ref()));
        }
        let Some(made) = &case.made else { return judged };
        if case.kept.is_none() && dice.one_in(self.sample.binary) {
            judged.asked.home = true;
            judged.failures.extend(self.by_home(dice, case, made));
        }
        if !made.links.is_empty() && dice.one_in(self.sample.binary) {
            judged.asked.node = true;
            self.server.serve(stock, &made.links);
            let answer = ask(
                stock,
                &["--node", self.server.url()].map(OsStr::new),
                bookmark.map(|(_, path)| path.as_path()),
                true,
            );
            if answer != said {
                judged.failures.push(format!("from an archive {said:?}, from a node {answer:?}"));
            }
        }
        judged
    }

    /// As a home: the tip file names the last block, or as it was before the forger came.
    fn by_home(&self, dice: &mut Dice, case: &Case<'_>, made: &Made) -> Option<String> {
        let stock = &case.stock.stock;
        let home = self.folder.path().join("home");
        let last = stock.trunk.len() as u64;
        let tip = if dice.one_in(2) { case.stock.hash(last) } else { made.links.last()?.header.hash() };
        if !sources::home(stock, &made.links, (last, tip), &home) {
            return None;
        }
        let said = ask(stock, &[OsStr::new("--home"), home.as_os_str()], None, true);
        std::fs::remove_dir_all(&home).unwrap();
        let law = law::judge(&stock.genesis, &case.file, Some((last, tip)))?;
        match said {
            Some(said) => Some(format!("as a home: {}; {said:?}", law.contradicts(&said)?)),
            None => Some("as a home it gives no report".to_owned()),
        }
    }
}

/// What is wrong with the answer of the library.
fn wrong(case: &Case<'_>, said: Option<&Said>) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(said) = said else {
        // The archive of another chain is a mistake of whoever asks.
        let other = !case.file.starts_with(&ledger_core::archive::head(&case.stock.stock.genesis.chain_id()));
        return if other { wrong } else { vec!["no report".to_owned()] };
    };
    if said.verdict == Verdict::Holds {
        let signed = if case.stretch {
            stretch::is_signed(&case.stock.stock, &case.file, case.kept)
        } else {
            law::is_signed(&case.stock.stock, &case.file)
        };
        if case.unsigned && !signed {
            wrong.push(format!("it holds, and not every byte is one that two thirds signed: {said:?}"));
        }
        if case.lawless {
            wrong.push(format!("it holds, and a rule is broken: {said:?}"));
        }
    }
    if !case.stretch {
        let kept = case.kept.map(|height| (height, case.stock.hash(height)));
        let law = law::judge(&case.stock.stock.genesis, &case.file, kept);
        wrong.extend(law.and_then(|law| law.contradicts(said)).map(|why| format!("{why}; {said:?}")));
    }
    wrong
}

/// As an archive, by the binary: at full depth the same, at the default depth the same or a *holds* that hides
/// nothing but what more than two thirds signed.
fn by_archive(case: &Case<'_>, path: &Path, kept: Option<&Path>, said: Option<&Said>) -> Option<String> {
    let stock = &case.stock.stock;
    let what = [OsStr::new("--archive"), path.as_os_str()];
    let deep = ask(stock, &what, kept, true);
    if deep.as_ref() != said {
        return Some(format!("the library says {said:?}, the binary {deep:?}"));
    }
    let shallow = ask(stock, &what, kept, false);
    if shallow == deep {
        return None;
    }
    let holds = shallow.as_ref().is_some_and(|said| said.verdict == Verdict::Holds);
    (!holds || case.unsigned).then(|| format!("at full depth {deep:?}, at the default depth {shallow:?}"))
}

/// Asks the binary.
fn ask(stock: &Stock, what: &[&OsStr], kept: Option<&Path>, every: bool) -> Option<Said> {
    let genesis = stock.genesis_file();
    let mut arguments: Vec<&OsStr> = vec![OsStr::new("audit"), OsStr::new("--json"), OsStr::new("--genesis")];
    arguments.push(genesis.as_os_str());
    arguments.extend_from_slice(what);
    if every {
        arguments.extend(["--certificates", "every", "--state", "every"].map(OsStr::new));
    }
    if let Some(kept) = kept {
        arguments.extend([OsStr::new("--from"), kept.as_os_str()]);
    }
    let run = luqi::run(&arguments);
    assert!(!run.crashed(), "{arguments:?}: {run:?}");
    serde_json::from_str(&run.out).ok().as_ref().and_then(Said::read)
}
