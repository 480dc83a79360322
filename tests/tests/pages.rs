//! Every command in the pages runs as it stands there: what is fenced as `sh` is run, block after block, one page in one
//! shell and one folder, with the real binary and real networks on this machine.
//!
//! A block that needs more than a bare machine (systemd, docker, a build of the program) says so in its fence, as
//! "sh skip: why", and is named here. Nothing else is left out: a block that is fenced otherwise has no command, and what
//! stands as a command in a line of text names options that there are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "whatever a test cannot do ends the test"
)]

use ledger_core::skipped;
use luqi_tests::luqi;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The pages, in the order in which a stranger reads them.
const PAGES: [&str; 5] = ["README.md", "README.zh-CN.md", "docs/operations.md", "docs/audit.md", "docs/api.md"];
/// A page whose commands take longer hangs.
const LONG: Duration = Duration::from_secs(900);
/// What blocks use beside `luqi`.
const TOOLS: [&str; 4] = ["bash", "curl", "python3", "awk"];
/// How a line begins that is a command.
const COMMANDS: [&str; 10] =
    ["luqi ", "make ", "docker ", "docker-compose ", "tools/", "python3 ", "curl ", "sudo ", "systemctl ", "apt-get "];

struct Block {
    line: usize,
    fence: String,
    text: String,
}

enum Kind<'a> {
    Run,
    /// Left out, and why.
    Skip(&'a str),
    /// No commands.
    Other,
}

impl Block {
    fn kind(&self) -> Kind<'_> {
        match self.fence.split_once(" skip: ") {
            _ if self.fence == "sh" => Kind::Run,
            Some(("sh", why)) if !why.trim().is_empty() => Kind::Skip(why),
            _ => Kind::Other,
        }
    }
}

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).canonicalize().unwrap()
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// The fenced blocks of a page; and its text with them taken out.
fn blocks(page: &str) -> (Vec<Block>, String) {
    let (mut blocks, mut text) = (Vec::new(), String::new());
    let mut open: Option<(Block, usize)> = None;
    for (number, line) in read(page).lines().enumerate() {
        let inner = line.trim_start();
        let indent = line.len() - inner.len();
        match (open.take(), inner.strip_prefix("```")) {
            (None, Some(fence)) => {
                open = Some((Block { line: number + 1, fence: fence.to_owned(), text: String::new() }, indent));
            }
            (None, None) => text = text + line + "\n",
            (Some((block, _)), Some("")) => blocks.push(block),
            (Some((mut block, margin)), _) => {
                let line = line.get(margin.min(indent)..).unwrap_or("");
                block.text = block.text + line + "\n";
                open = Some((block, margin));
            }
        }
    }
    assert!(open.is_none(), "{page}: a block is not closed");
    (blocks, text)
}

/// The whole page as one script, which says where it is.
fn script(page: &str) -> String {
    let mut script = "set -Eeuo pipefail\n\
                      trap 'code=$?; echo \"$at: exit code $code of: $BASH_COMMAND\" >&2' ERR\n\
                      trap 'set +e; for job in $(jobs -p); do kill $job; done 2>/dev/null; wait' EXIT\n"
        .to_owned();
    for block in blocks(page).0 {
        if matches!(block.kind(), Kind::Run) {
            let at = format!("{page}:{}", block.line);
            writeln!(script, "at={at}; echo \"== $at\" >&2\n{}", block.text).unwrap();
        }
    }
    script
}

fn run(page: &str) {
    for tool in TOOLS {
        if Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            return skipped::want(format!("{page}: {tool} is not here"));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for name in ["tools", "deploy"] {
        std::os::unix::fs::symlink(root().join(name), here.join(name)).unwrap();
    }
    let said = here.join(".said");
    let told = fs::File::create(&said).unwrap();
    let path = std::env::join_paths(
        std::iter::once(luqi::binary().parent().unwrap().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("bash");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("LUQI_")) {
            shell.env_remove(name);
        }
    }
    shell.arg("-c").arg(script(page)).env("PATH", path.unwrap()).current_dir(here).process_group(0);
    shell.stdin(Stdio::null()).stdout(told.try_clone().unwrap()).stderr(told);
    let mut child = shell.spawn().unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if began.elapsed() > LONG {
            break None;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    if status.is_none() {
        // All of its group: nodes are started in the background.
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = child.wait();
    }
    let said = fs::read_to_string(&said).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let end = lines[lines.len().saturating_sub(60)..].join("\n");
    match status {
        Some(status) => assert!(status.success(), "{page} does not run as it stands ({status}):\n{end}"),
        None => panic!("{page} does not come to its end in {} s:\n{end}", LONG.as_secs()),
    }
}

#[test]
fn readme_runs_as_it_stands() {
    run("README.md");
}

#[test]
fn the_chinese_readme_has_the_same_commands() {
    let commands = |page| -> Vec<(String, String)> {
        let lines = |text: &str| -> String {
            // Remarks are translated.
            text.lines().map(|line| line.split(" #").next().unwrap_or("").trim_end().to_owned() + "\n").collect()
        };
        let is_run = |block: &Block| !matches!(block.kind(), Kind::Other);
        blocks(page)
            .0
            .iter()
            .filter(|block| is_run(block))
            .map(|block| (block.fence[..2].to_owned(), lines(&block.text)))
            .collect()
    };
    assert_eq!(commands("README.md"), commands("README.zh-CN.md"));
}

#[test]
fn operations_run_as_they_stand() {
    run("docs/operations.md");
}

#[test]
fn audits_run_as_they_stand() {
    run("docs/audit.md");
}

#[test]
fn the_api_answers_as_it_stands() {
    run("docs/api.md");
}

/// What is left out is marked, with its reason, and is no command of a bare machine.
#[test]
fn what_is_left_out_says_why() {
    let mut left_out = Vec::new();
    for page in PAGES {
        for block in blocks(page).0 {
            let at = format!("{page}:{}", block.line);
            match block.kind() {
                Kind::Run => {}
                Kind::Skip(why) => {
                    let bare = block.text.lines().filter(|line| line.starts_with("luqi ")).collect::<Vec<_>>();
                    assert!(bare.is_empty(), "{at} is left out ({why}), and has commands that run anywhere: {bare:?}");
                    left_out.push(format!("{at}: {why}"));
                }
                Kind::Other => {
                    let begins = |line: &&str| COMMANDS.iter().any(|command| line.trim_start().starts_with(command));
                    let found = block.text.lines().find(begins);
                    assert_eq!(found, None, "{at} is a block of commands: fence it as sh, or as \"sh skip: why\"");
                }
            }
        }
    }
    println!("left out:\n{}", left_out.join("\n"));
}

/// Commands inside of lines name subcommands and options that there are.
#[test]
fn commands_in_the_text_exist() {
    let mut helps: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for page in PAGES {
        let text = blocks(page).1.replace('\n', " ");
        for (i, span) in text.split('`').enumerate() {
            let mut words = span.split_whitespace();
            if i % 2 == 0 || words.next() != Some("luqi") {
                continue;
            }
            let words: Vec<&str> = words.collect();
            let is_name =
                |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
            let mut path: Vec<String> = words.iter().take_while(is_name).map(|word| (*word).to_owned()).collect();
            let help = loop {
                let said = helps.entry(path.clone()).or_insert_with(|| help(&path)).clone();
                match said {
                    Some(said) => break said,
                    None => drop(path.pop()),
                }
            };
            if path.is_empty() && words.first().is_some_and(|word| !word.starts_with('-')) {
                wrong.push(format!("{page}: no such command: luqi {}", words.join(" ")));
            }
            let options = words.iter().filter_map(|word| word.strip_prefix("--"));
            for option in options.map(|option| option.trim_end_matches([',', '.', ';', ')'])) {
                let names =
                    |line: &str| line.split([' ', ',', '[', ']']).any(|word| word.strip_prefix("--") == Some(option));
                if !option.is_empty() && !help.lines().any(names) {
                    wrong.push(format!("{page}: luqi {} has no --{option}", path.join(" ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn help(path: &[String]) -> Option<String> {
    let arguments: Vec<&std::ffi::OsStr> =
        path.iter().map(|word| word.as_ref()).chain(std::iter::once("--help".as_ref())).collect();
    let run = luqi::run(&arguments);
    // A word that is an argument and no subcommand shows the same help as without it.
    let usage = format!("Usage: luqi {}", path.join(" "));
    (run.code == Some(0) && run.out.contains(usage.trim_end())).then_some(run.out)
}
