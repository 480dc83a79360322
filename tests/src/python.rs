//! The second implementation, `tools/verify.py`, as one process that answers question after question: a process
//! for each would spend most of its time in starting.

use crate::said::Said;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Reads arguments, a JSON list a line, and answers exit code and output, a JSON object a line.
const LOOP: &str = "\
import contextlib, io, json, sys
sys.path.insert(0, sys.argv[1])
from luqi_verify.cli import main
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = int(main(json.loads(line)))
        except SystemExit as exit:
            code = exit.code
    print(json.dumps({'code': code, 'out': out.getvalue(), 'err': err.getvalue()}), flush=True)
";

/// A running second implementation.
pub struct Python {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// What it answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The exit code.
    pub code: i64,
    /// The report, where there is one.
    pub said: Option<Said>,
    /// Standard error.
    pub err: String,
}

impl Python {
    /// Starts it.
    ///
    /// # Panics
    /// When there is no `python3`.
    #[must_use]
    pub fn start() -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", LOOP]).arg(tools()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, to, from }
    }

    /// Whether it can run here.
    #[must_use]
    pub fn is_here() -> bool {
        let run = Command::new("python3").args(["-c", "import cryptography"]).output();
        run.is_ok_and(|output| output.status.success())
    }

    /// Has it audit an archive, at full depth.
    ///
    /// # Panics
    /// When it does not answer: an exception that it does not catch.
    pub fn audit(&mut self, genesis: &Path, archive: &Path, kept: Option<&Path>) -> Answer {
        let genesis = genesis.to_string_lossy();
        let (archive, kept) = (archive.to_string_lossy(), kept.map(Path::to_string_lossy));
        let mut arguments = vec!["archive", "--json", "--genesis", &genesis];
        kept.iter().for_each(|kept| arguments.extend(["--from", kept]));
        arguments.push(&archive);
        writeln!(self.to, "{}", serde_json::to_string(&arguments).unwrap()).unwrap();
        self.to.flush().unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let answer: serde_json::Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("verify.py does not answer {arguments:?}: {error}: {line}"));
        let said = answer["out"].as_str().and_then(|out| serde_json::from_str(out).ok());
        Answer {
            code: answer["code"].as_i64().unwrap(),
            said: said.as_ref().and_then(Said::read),
            err: answer["err"].as_str().unwrap().to_owned(),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It ends when there are no more questions; a test that failed does not wait for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools")
}
