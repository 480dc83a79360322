//! The log of a running node, on standard error: it may fail or stand still, and the node goes on.
//!
//! Lines go through a bounded queue to a thread of their own. Where they cannot be written (a closed pipe, a full
//! disk) or nobody reads them, they are lost, and the next line that can be written says how many.

use crate::exit::{Exit, Problem};
use luqi_node::config::{LogFormat, LogSection};
use luqi_node::consensus::says_nothing_while_ending;
use std::fmt::Debug;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Lines that wait for whoever reads the log.
const LINES: usize = 4_096;
/// How long the end of the process waits for the lines before it.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The log; what was said last is written when this is dropped.
pub(crate) struct Log {
    lines: SyncSender<Said>,
    ended: Receiver<()>,
}

/// What the writing thread is told.
enum Said {
    Line(Vec<u8>),
    End,
}

/// What is logged. A word alone has to be a level: the library would take it for a module, and log nothing at all.
fn filter(level: &str) -> Result<EnvFilter, Problem> {
    let wrong = |why: String| {
        Problem::usage(format!("[log] level is {level:?}: {why}")).next("name a level such as info or debug")
    };
    let is_wrong = |part: &&str| part.is_empty() || (!part.contains('=') && part.parse::<LevelFilter>().is_err());
    match level.split(',').map(str::trim).find(is_wrong) {
        Some(word) => Err(wrong(format!("{word:?} is no level"))),
        None => EnvFilter::try_new(level).map_err(|error| wrong(error.to_string())),
    }
}

impl Log {
    /// Begins to log to standard error.
    pub(crate) fn to_stderr(log: &LogSection) -> Result<Self, Problem> {
        let filter = filter(&log.level)?;
        let (own, lines) = Self::start(io::stderr())?;
        // What cannot be logged is no reason to print: that would fail as well, and panic.
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines).log_internal_errors(false);
        let begun = match log.format {
            LogFormat::Text => {
                builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).finish().with(Judged).try_init()
            }
            LogFormat::Json => builder.json().flatten_event(true).finish().with(Judged).try_init(),
        };
        begun.map_err(|error| Problem::new(Exit::Failed, error))?;
        Ok(own)
    }

    fn start(to: impl Write + Send + 'static) -> Result<(Self, Lines), Problem> {
        let (lines, waiting) = sync_channel(LINES);
        let (end, ended) = channel();
        let lost = Arc::new(AtomicU64::new(0));
        let own = Arc::clone(&lost);
        let thread = std::thread::Builder::new().name("luqi-log".to_owned());
        thread.spawn(move || write(to, &waiting, &own, &end)).map_err(|error| {
            Problem::new(Exit::Failed, format!("the system gives no thread to write the log: {error}"))
        })?;
        Ok((Self { lines: lines.clone(), ended }, Lines { to: lines, lost }))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // Where the queue is full nobody reads, and where the thread is gone nobody writes.
        if self.lines.try_send(Said::End).is_ok() {
            match self.ended.recv_timeout(LAST_WORDS) {
                Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }
}

fn write(mut to: impl Write, waiting: &Receiver<Said>, lost: &AtomicU64, end: &Sender<()>) {
    for said in waiting {
        match said {
            Said::Line(line) => {
                let missed = lost.swap(0, Ordering::Relaxed);
                let told = if missed == 0 { Ok(()) } else { writeln!(to, "{missed} lines of the log were lost") };
                if told.and_then(|()| to.write_all(&line)).and_then(|()| to.flush()).is_err() {
                    lost.fetch_add(missed.saturating_add(1), Ordering::Relaxed);
                }
            }
            Said::End => {
                // Nobody waits any more where it took too long.
                let _ = end.send(());
                return;
            }
        }
    }
}

/// Passes over what is no error although it is called one.
struct Judged;

impl<S: Subscriber> Layer<S> for Judged {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > tracing::Level::ERROR {
            return true;
        }
        let mut words = Words::default();
        event.record(&mut words);
        !says_nothing_while_ending(metadata.target(), &words.0)
    }
}

/// The message of an event.
#[derive(Default)]
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// Where lines of the log go.
#[derive(Clone)]
struct Lines {
    to: SyncSender<Said>,
    lost: Arc<AtomicU64>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.to.try_send(Said::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A log that fails as long as it is told to.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(bool, Vec<u8>)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            if disk.0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            disk.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for level in ["info", "debug,libp2p=warn", "warn,luqi_node=trace", "off"] {
            assert!(filter(level).is_ok(), "{level}");
        }
        for level in ["loud", "", "info,", "info,loud", "luqi_node=loud"] {
            assert!(filter(level).is_err(), "{level}");
        }
    }

    #[test]
    fn lines_that_could_not_be_written_are_counted_and_told() {
        let disk = Disk::default();
        let (log, mut lines) = Log::start(disk.clone()).unwrap();
        disk.0.lock().unwrap().0 = true;
        for line in ["one\n", "two\n"] {
            lines.write_all(line.as_bytes()).unwrap();
        }
        while lines.lost.load(Ordering::Relaxed) < 2 {
            std::thread::yield_now();
        }
        disk.0.lock().unwrap().0 = false;
        lines.write_all(b"three\n").unwrap();
        drop(log);
        assert_eq!(
            String::from_utf8(disk.0.lock().unwrap().1.clone()).unwrap(),
            "2 lines of the log were lost\nthree\n"
        );
    }

    /// Nobody reads on the other side, for ever; it tells once somebody writes.
    struct Stuck(Sender<()>);

    impl Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0.send(()).unwrap();
            loop {
                std::thread::park();
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_nobody_reads_holds_nobody_up() {
        let (stuck, is_stuck) = channel();
        let (log, mut lines) = Log::start(Stuck(stuck)).unwrap();
        lines.write_all(b"line\n").unwrap();
        is_stuck.recv().unwrap();
        for _ in 0..LINES * 2 {
            lines.write_all(b"line\n").unwrap();
        }
        assert_eq!(lines.lost.load(Ordering::Relaxed), LINES as u64);
        drop(log);
    }
}
