//! Messages handed to a node that takes, is busy, goes away, and refuses.

use crate::json;
use crate::served::nobody;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A desk that answers by what the message says: `ok`, `parked`, `twice`, `bad`, `odd`, `unreadable`,
/// `busy` (the first time), `lost` (the first time the connection is closed).
#[derive(Default)]
struct Desk {
    seen: Mutex<Vec<String>>,
    /// How often each message was asked after.
    asked: Mutex<BTreeMap<String, u32>>,
}

impl Desk {
    fn serve() -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let desk = Arc::<Self>::default();
        let handle = Arc::clone(&desk);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let desk = Arc::clone(&handle);
                std::thread::spawn(move || drop(desk.connection(stream)));
            }
        });
        (desk, url)
    }

    /// Requests over one connection, until it is closed.
    fn connection(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        loop {
            let mut request = String::new();
            if reader.read_line(&mut request)? == 0 {
                return Ok(());
            }
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let body = String::from_utf8(body).unwrap();
            let Some((status, answer)) = self.answer(request.split(' ').nth(1).unwrap(), &body) else { return Ok(()) };
            let text = answer.to_string();
            let head = format!("HTTP/1.1 {status} x\r\nretry-after: 1\r\ncontent-length: {}\r\n\r\n", text.len());
            stream.write_all((head + &text).as_bytes())?;
        }
    }

    fn answer(&self, path: &str, body: &str) -> Option<(u16, Value)> {
        if let Some(id) = path.strip_prefix("/v1/submissions/") {
            let mut asked = self.asked.lock().unwrap();
            let times = asked.entry(id.to_owned()).or_default();
            *times += 1;
            let state = match (id, *times) {
                (_, 1) => json!({"state": "pending"}),
                ("parked", _) => json!({"state": "parked"}),
                ("odd", _) => json!({"state": "final", "height": 4, "log_index": 9, "applied": false, "code": "ended"}),
                _ => json!({"state": "final", "height": 4, "log_index": 8, "applied": true}),
            };
            return Some((200, json!({"id": id, "items": [state]})));
        }
        let mut seen = self.seen.lock().unwrap();
        let first = !seen.iter().any(|known| known == body);
        seen.push(body.to_owned());
        let finding =
            json!({"pointer": "/list/3/name", "code": "REQUIRED", "text_zh": "必填", "text_en": "is missing"});
        let accepted = |flags: Value| json!({"outcome": "accepted", "sequence": 1, "position": 0, "flags": flags});
        let item = match body {
            "busy" if first => return Some((503, json!({"code": "BUSY", "detail": "full", "detail_zh": "满"}))),
            "lost" if first => return None,
            "unreadable" => {
                let problem =
                    json!({"code": "UNREADABLE", "detail": "no JSON", "detail_zh": "不是 JSON", "finding": "NOT_JSON"});
                return Some((422, problem));
            }
            "twice" => json!({"outcome": "duplicate"}),
            "parked" => json!({"outcome": "parked"}),
            "odd" => accepted(json!([finding])),
            "bad" => {
                let mut item = finding;
                item["outcome"] = "rejected".into();
                item
            }
            _ => accepted(json!([])),
        };
        Some((202, json!({"id": body, "items": [item]})))
    }
}

fn messages(folder: &Path, names: &[&str]) {
    fs::create_dir(folder.join("messages")).unwrap();
    for (place, name) in names.iter().enumerate() {
        fs::write(folder.join(format!("messages/{place}.json")), name).unwrap();
    }
    fs::write(folder.join("messages/manifest.json"), "not a message").unwrap();
}

#[test]
fn every_item_has_an_outcome_and_what_was_not_recorded_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (desk, url) = Desk::serve();
    messages(folder, &["ok", "busy", "lost", "twice", "odd", "bad", "parked", "unreadable"]);
    let answer = json(folder, 0, &["submit", "--url", &url, "messages", "--wait", "final"]);
    for (field, count) in [
        ("messages", 8),
        ("items", 8),
        ("accepted", 4),
        ("rejected", 2),
        ("duplicates", 1),
        ("flagged", 1),
        ("pending", 1),
        ("applied", 3),
        ("refused", 1),
        // A connection that is lost under a request is made again without a word.
        ("retried", 1),
    ] {
        assert_eq!(answer[field], count, "{field}: {answer}");
    }
    let seen = desk.seen.lock().unwrap();
    assert_eq!(
        *seen,
        ["ok", "busy", "busy", "lost", "lost", "twice", "odd", "bad", "parked", "unreadable"],
        "in order"
    );
    let path = folder.join("rejected.jsonl");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let lines: Vec<Value> =
        fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bad = json!({"file": "messages/5.json", "item": "/list/3", "pointer": "/list/3/name", "code": "REQUIRED", "zh": "必填", "en": "is missing"});
    assert_eq!(lines[0], bad);
    assert_eq!(
        (&lines[1]["item"], &lines[1]["code"], &lines[1]["zh"]),
        (&"".into(), &"NOT_JSON".into(), &"不是 JSON".into())
    );
}

#[test]
fn several_may_be_under_way_and_nothing_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (desk, url) = Desk::serve();
    let names: Vec<String> = (0..40).map(|number| format!("ok {number}")).collect();
    messages(folder, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let answer = json(folder, 0, &["submit", "--url", &url, "--parallel", "8", "messages"]);
    assert_eq!((&answer["items"], &answer["accepted"], &answer["applied"]), (&40.into(), &40.into(), &0.into()));
    let mut seen = desk.seen.lock().unwrap().clone();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 40);
    assert!(!folder.join("rejected.jsonl").exists());
    assert!(desk.asked.lock().unwrap().is_empty());
}

#[test]
fn a_node_that_is_away_ends_it_undecided() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    messages(folder, &["ok", "ok 2"]);
    let answer = json(folder, 3, &["submit", "--url", &nobody(), "--retry", "1", "messages"]);
    assert_eq!(answer["items"], 0);
    assert!(answer["error"].as_str().unwrap().contains("cannot be reached"), "{answer}");
    let wrong = crate::luqi(folder, &["submit", "--url", "https://a:1", "messages"]);
    assert_eq!(wrong.status.code(), Some(2));
}
