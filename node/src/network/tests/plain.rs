//! A plain libp2p peer, written without anything of ours but what it must know to be understood.

#![allow(clippy::wildcard_enum_match_arm, reason = "of what the library tells, a test looks for one thing")]

use super::*;
use async_trait::async_trait;
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, StreamExt as _};
use ledger_core::crypto::{ChainId, SecretKey};
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{NetworkBehaviour, Swarm, SwarmEvent};
use libp2p::{Multiaddr, StreamProtocol, SwarmBuilder, noise, ping, tcp, yamux};
use std::io;

/// Writes whatever bytes it is given to a stream, and reads whatever comes back.
#[derive(Clone, Default)]
pub(super) struct Raw;

#[async_trait]
impl request_response::Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        at: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        self.read_request(at, io).await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await?;
        io.flush().await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        at: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        self.write_request(at, io, bytes).await
    }
}

#[derive(NetworkBehaviour)]
pub(super) struct Parts {
    /// On the lane of votes.
    pub(super) gossip: gossipsub::Behaviour,
    /// On the other lane: whoever does not speak it is not heard there either.
    pub(super) bulk: gossipsub::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) questions: request_response::Behaviour<Raw>,
    /// Streams of gossip on the other lane, written by hand.
    pub(super) frames: request_response::Behaviour<Raw>,
}

/// The plain peer.
pub(super) struct Plain {
    pub(super) swarm: Swarm<Parts>,
}

impl Plain {
    pub(super) fn new(secret: &SecretKey, chain: &ChainId) -> Self {
        let keys = Keypair::ed25519_from_bytes(secret.seed().as_mut_slice()).unwrap();
        let config = gossipsub::ConfigBuilder::default()
            .protocol_id_prefix("/luqi/votes")
            .max_transmit_size(32 << 20)
            .heartbeat_initial_delay(Duration::from_millis(50))
            .heartbeat_interval(Duration::from_millis(100))
            .build()
            .unwrap();
        let mut gossip: gossipsub::Behaviour =
            gossipsub::Behaviour::new(MessageAuthenticity::Signed(keys.clone()), config).unwrap();
        for topic in [Topic::Consensus, Topic::Liveness, Topic::Status] {
            gossip.subscribe(&IdentTopic::new(format!("luqi/{chain}/{}", topic.as_str()))).unwrap();
        }
        let mut bulk: gossipsub::Behaviour =
            gossipsub::Behaviour::new(MessageAuthenticity::Signed(keys.clone()), gossipsub::Config::default()).unwrap();
        for topic in [Topic::Parts, Topic::Submissions] {
            bulk.subscribe(&IdentTopic::new(format!("luqi/{chain}/{}", topic.as_str()))).unwrap();
        }
        let raw = |name: String| {
            let protocol = StreamProtocol::try_from_owned(name).unwrap();
            request_response::Behaviour::new(
                [(protocol, ProtocolSupport::Outbound)],
                request_response::Config::default(),
            )
        };
        let parts = Parts {
            gossip,
            bulk,
            ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_millis(50))),
            questions: raw(format!("/luqi/{chain}/1")),
            frames: raw("/meshsub/1.2.0".to_owned()),
        };
        let swarm = SwarmBuilder::with_existing_identity(keys)
            .with_tokio()
            .with_tcp(tcp::Config::new(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| parts)
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(LONG))
            .build();
        Self { swarm }
    }

    /// Calls a node.
    pub(super) fn call(&mut self, peer: PeerId, address: &str) {
        let address = super::super::dial::multiaddr(address.parse().unwrap());
        self.swarm.dial(DialOpts::peer_id(peer).addresses(vec![address]).build()).unwrap();
    }

    /// Listens, and tells where.
    pub(super) async fn listen(&mut self) -> String {
        self.swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse::<Multiaddr>().unwrap()).unwrap();
        let address = self.until(|event| match event {
            SwarmEvent::NewListenAddr { address, .. } => Some(address.clone()),
            _ => None,
        });
        super::super::dial::socket_address(&address.await).unwrap().to_string()
    }

    /// Lives until something happens.
    pub(super) async fn until<T>(&mut self, pick: impl Fn(&SwarmEvent<PartsEvent>) -> Option<T>) -> T {
        soon(async {
            loop {
                if let Some(picked) = pick(&self.swarm.select_next_some().await) {
                    return picked;
                }
            }
        })
        .await
    }

    /// Lives until it is connected to a node that speaks with it.
    pub(super) async fn let_in(&mut self, peer: PeerId, address: &str) {
        self.call(peer, address);
        self.until(|event| {
            matches!(event, SwarmEvent::Behaviour(PartsEvent::Gossip(gossipsub::Event::Subscribed { .. })))
                .then_some(())
        })
        .await;
    }

    /// Lives until it hears what a node says again and again.
    pub(super) async fn hears(&mut self, network: &Network, topic: Topic, data: &Bytes) {
        let heard = self.until(|event| {
            let SwarmEvent::Behaviour(PartsEvent::Gossip(gossipsub::Event::Message { message, .. })) = event else {
                return None;
            };
            (message.data == data[..]).then_some(())
        });
        let saying = async {
            loop {
                network.publish(topic, data.clone()).await;
                tokio::time::sleep(AGAIN).await;
            }
        };
        tokio::select! {
            () = heard => {}
            () = saying => unreachable!("it never ends"),
        }
    }

    /// Lives until no connection is left.
    pub(super) async fn cut(&mut self) {
        self.until(|event| matches!(event, SwarmEvent::ConnectionClosed { num_established: 0, .. }).then_some(()))
            .await;
    }

    /// Lives until it has been refused; whether any protocol was ever agreed on before that.
    pub(super) async fn refused(&mut self) -> bool {
        soon(async {
            let mut agreed = false;
            loop {
                match self.swarm.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                        self.swarm.behaviour_mut().questions.send_request(&peer_id, vec![0; 8]);
                    }
                    SwarmEvent::Behaviour(event) => agreed |= shows_agreement(&event),
                    SwarmEvent::ConnectionClosed { num_established: 0, .. }
                    | SwarmEvent::IncomingConnectionError { .. }
                    | SwarmEvent::OutgoingConnectionError { .. } => return agreed,
                    _ => {}
                }
            }
        })
        .await
    }
}

/// Whether an event shows that the other side has agreed on a protocol.
fn shows_agreement(event: &PartsEvent) -> bool {
    match event {
        PartsEvent::Gossip(_) | PartsEvent::Bulk(_) => true,
        PartsEvent::Ping(event) => event.result.is_ok(),
        PartsEvent::Questions(event) | PartsEvent::Frames(event) => {
            !matches!(event, request_response::Event::OutboundFailure { .. })
        }
    }
}

/// A frame of gossip with one message, as its author signs it.
pub(super) fn frame(author: &SecretKey, topic: &str, number: u64, data: &[u8]) -> Vec<u8> {
    let keys = Keypair::ed25519_from_bytes(author.seed().as_mut_slice()).unwrap();
    let field = |tag: u8, bytes: &[u8]| [&[tag << 3 | 2][..], &varint(bytes.len()), bytes].concat();
    let from = keys.public().to_peer_id().to_bytes();
    let message =
        [field(1, &from), field(2, data), field(3, &number.to_be_bytes()), field(4, topic.as_bytes())].concat();
    let signature = keys.sign(&[b"libp2p-pubsub:", &message[..]].concat()).unwrap();
    let signed = [message, field(5, &signature)].concat();
    let rpc = field(2, &signed);
    [varint(rpc.len()), rpc].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
