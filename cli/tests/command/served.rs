//! Nodes that serve what a test wants them to: a chain as it is, altered, cut short, or of another history.

use ledger_core::archive::{FRAME_HEAD_BYTES, Foot, FrameHead, FrameKind};
use ledger_core::certificate::Certificate;
use ledger_core::chain::HashedBlock;
use ledger_core::codec;
use ledger_core::crypto::ChainId;
use ledger_core::event::Action;
use ledger_core::fixture::{self, Network, code};
use ledger_core::names::{BlockHash, Height, NodeNumber, Protocol, Round, Timestamp};
use luqi_node::http::{Role, State, Status};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A chain of the fixture's network.
pub(crate) fn grow(blocks: u64, salt: u64) -> Network {
    let mut network = Network::new(4);
    for height in 1..=blocks {
        let keeper = code("370100");
        let events = (0..3).map(|i| fixture::event(salt + height * 10 + i, Action::New { keeper })).collect();
        network.block_of(events);
    }
    network
}

/// How often a node was asked.
#[derive(Default)]
struct Asked {
    statuses: AtomicU64,
    streams: AtomicU64,
}

/// A frame of an archive.
pub(crate) fn frame(kind: FrameKind, body: &[u8]) -> Vec<u8> {
    let head: [u8; FRAME_HEAD_BYTES] = FrameHead::of(kind, body).unwrap().encode();
    [&head[..], body].concat()
}

/// What a node serves.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) id: ChainId,
    pub(crate) number: u32,
    pub(crate) blocks: Vec<Vec<u8>>,
    pub(crate) certificate: Option<Certificate>,
    /// What it says of its height.
    pub(crate) says: u64,
    /// What it says when it is asked again, where that is something else.
    pub(crate) says_later: Option<(u64, BlockHash)>,
    /// It breaks off after so many bytes of a stream.
    pub(crate) breaks_after: Option<usize>,
    /// Its first stream breaks off behind so many blocks.
    pub(crate) loses_behind: Option<usize>,
    /// What stands behind the end of a stream; none where it breaks off there.
    pub(crate) behind: Option<Vec<u8>>,
    /// Lines of `not_ready`.
    pub(crate) not_ready: Vec<luqi_node::http::Reason>,
}

impl Chain {
    pub(crate) fn of(network: &Network, number: u32) -> Self {
        let blocks = network.blocks.clone();
        let says = blocks.len() as u64;
        let certificate = network.certificate.clone();
        Self { blocks, certificate, says, ..Self::silent(network, number) }
    }

    fn silent(network: &Network, number: u32) -> Self {
        Self {
            id: network.tip.chain(),
            number,
            blocks: Vec::new(),
            certificate: None,
            says: 0,
            says_later: None,
            breaks_after: None,
            loses_behind: None,
            behind: Some(Vec::new()),
            not_ready: Vec::new(),
        }
    }

    /// Serves it on a port of its own until the test ends; gives the URL.
    pub(crate) fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let chain = Arc::new((self, Asked::default()));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let chain = Arc::clone(&chain);
                // A client that has gone has heard enough.
                std::thread::spawn(move || drop(chain.0.answer(stream, &chain.1)));
            }
        });
        url
    }

    fn answer(&self, mut stream: TcpStream, asked: &Asked) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let path = request.split(' ').nth(1).unwrap_or_default();
        let mut sends = usize::MAX;
        let body = if path == "/v1/status" {
            serde_json::to_vec(&self.status(asked.statuses.fetch_add(1, Ordering::Relaxed))).unwrap()
        } else if let Some(query) = path.strip_prefix("/v1/blocks?from=") {
            let (from, to) = query.split_once("&to=").unwrap();
            let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
            if from > self.blocks.len() {
                return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
            }
            let is_first = asked.streams.fetch_add(1, Ordering::Relaxed) == 0;
            let lost = self.loses_behind.filter(|_| is_first).map(|blocks| self.stretch(from, to.min(blocks)).len());
            let end = self.archive(from, to);
            sends = lost.or(self.breaks_after).unwrap_or(if self.behind.is_some() { usize::MAX } else { end.len() });
            [end, self.behind.clone().unwrap_or_else(|| vec![0])].concat()
        } else if let Some(height) = path.strip_prefix("/v1/blocks/") {
            self.blocks[height.parse::<usize>().unwrap() - 1].clone()
        } else {
            return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        };
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body[..sends.min(body.len())])
    }

    fn archive(&self, from: usize, to: usize) -> Vec<u8> {
        let end = self.certificate.iter().map(|certificate| frame(FrameKind::Certificate, &codec::encode(certificate)));
        [self.stretch(from, to)].into_iter().chain(end).flatten().collect()
    }

    /// An archive without its end.
    fn stretch(&self, from: usize, to: usize) -> Vec<u8> {
        let head = ledger_core::archive::head(&self.id).to_vec();
        let foot = frame(FrameKind::Foot, &codec::encode(&Foot::default()));
        let blocks = self.blocks.iter().take(to).skip(from - 1).map(|block| frame(FrameKind::Block, block));
        [head, foot].into_iter().chain(blocks).flatten().collect()
    }

    fn status(&self, asked_before: u64) -> Status {
        let last = self.blocks.get(self.says as usize - 1).or(self.blocks.last());
        let tip = last.and_then(|bytes| HashedBlock::read(bytes).ok()).map_or(BlockHash([0; 32]), |block| block.hash());
        let states: Vec<_> = self.not_ready.iter().map(|reason| reason.state).collect();
        let state = states.iter().copied().max().unwrap_or(State::Voting);
        let later = self.says_later.filter(|_| asked_before > 0);
        let (says, tip) = later.unwrap_or((self.says, tip));
        Status {
            state,
            states: if states.is_empty() { vec![state] } else { states },
            clock_ahead_ms: None,
            chain_id: self.id,
            network: "test.luqi.example".to_owned(),
            height: Height(says),
            tip,
            time: Timestamp(0),
            tip_age_ms: 1_000,
            events: 0,
            log_size: ledger_core::merkle::LogSize(0),
            log_root: ledger_core::merkle::Frontier::default().root(),
            map_root: ledger_core::names::MapRoot::EMPTY,
            subjects: 0,
            role: Role::Validator,
            node: NodeNumber(self.number),
            member: None,
            power: 1,
            total_power: 4,
            peers: Vec::new(),
            pending: 0,
            deciding: Height(says + 1),
            round: Round(0),
            waiting: None,
            silent: None,
            halted: None,
            equivocators: Vec::new(),
            highest: Height(says),
            ready: self.not_ready.is_empty(),
            not_ready: self.not_ready.clone(),
            version: "0".to_owned(),
            protocol: Protocol(1),
            newest_protocol: Protocol(1),
            adopted_protocol: None,
            knowing_power: 4,
            known_protocols: BTreeMap::new(),
            uptime_s: 1,
            disk_free: None,
        }
    }
}

/// Where nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
