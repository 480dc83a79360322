//! Frames of gossip, looked over before the library takes them apart.
//!
//! ```text
//! frame   length(varint) ‖ RPC in protobuf
//! RPC     1 subscriptions ‖ 2 messages ‖ 3 control      each any number of times
//! ```
//!
//! Two bytes make an empty message, for which the library allocates hundreds: a frame of the largest size
//! could cost gigabytes. A sound peer sends one message in a frame, and little else; so what is in a frame
//! is counted first.

use asynchronous_codec::Decoder;
use bytes::{Bytes, BytesMut};
use futures::{AsyncRead, AsyncReadExt as _, Stream, stream};
use std::io;

/// Messages in one frame.
const MAX_MESSAGES: usize = 128;
/// Bytes in one frame beside its messages: subscriptions and control.
const MAX_OTHER: usize = 256 << 10;

/// What is in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Messages, each of which has a signature to be checked.
    pub(super) messages: usize,
    /// Their bytes.
    pub(super) bytes: usize,
    /// Bytes beside them: subscriptions and control, which are the peer's own words.
    pub(super) other: usize,
}

/// What is to be done with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Read it.
    Read,
    /// Leave it unread: there is no time for it.
    Leave,
    /// Leave it unread: no sound peer sends so much.
    Flood,
}

/// What came.
pub(super) enum Came<I> {
    /// What the library reads in a frame.
    Item(I),
    /// More than a sound peer sends.
    Flood,
}

/// What comes on a stream, frame by frame, each at most `cap` bytes, as far as `gauge` lets it pass: that is
/// asked before any signature is checked. The first one that is none is the last: it is
/// [`io::ErrorKind::InvalidData`], and nothing else is.
pub(super) fn frames<T, D, G>(
    io: T,
    codec: D,
    cap: usize,
    gauge: G,
) -> impl Stream<Item = Result<Came<D::Item>, io::ErrorKind>> + Send
where
    T: AsyncRead + Unpin + Send,
    D: Decoder<Item: Send> + Send,
    G: Fn(Load) -> Pass + Send,
{
    stream::unfold(Some((io, codec, gauge)), move |open| async move {
        let (mut io, mut codec, gauge) = open?;
        loop {
            let (load, mut frame) = match read(&mut io, cap).await {
                Ok(None) => return None,
                Ok(Some(read)) => read,
                Err(error) => return Some((Err(error.kind()), None)),
            };
            match gauge(load) {
                Pass::Leave => continue,
                Pass::Flood => return Some((Ok(Came::Flood), Some((io, codec, gauge)))),
                Pass::Read => {}
            }
            return match codec.decode(&mut frame) {
                Ok(Some(item)) => Some((Ok(Came::Item(item)), Some((io, codec, gauge)))),
                Ok(None) | Err(_) => Some((Err(io::ErrorKind::InvalidData), None)),
            };
        }
    })
}

/// One frame with its length, looked over; none where the stream ends.
async fn read<T: AsyncRead + Unpin + Send>(io: &mut T, cap: usize) -> io::Result<Option<(Load, BytesMut)>> {
    let mut bytes = Vec::new();
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let mut byte = [0];
        if io.read(&mut byte).await? == 0 {
            return if bytes.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        let [byte] = byte;
        bytes.push(byte);
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
        // Four of them say up to 256 MiB.
        if shift >= 28 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    if length > cap {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let head = bytes.len();
    // Memory grows with the bytes that come.
    io.take(length as u64).read_to_end(&mut bytes).await?;
    let body = bytes.get(head..).unwrap_or_default();
    if body.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let load = load(body).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Some((load, BytesMut::from(Bytes::from(bytes)))))
}

/// What is in an RPC; none where it is no protobuf at its top, or has more in it than a peer has to say at once.
fn load(mut rpc: &[u8]) -> Option<Load> {
    let mut load = Load::default();
    while !rpc.is_empty() {
        let before = rpc.len();
        let (field, rest) = skip_field(rpc)?;
        rpc = rest;
        let size = before - rpc.len();
        match field {
            2 => (load.messages, load.bytes) = (load.messages + 1, load.bytes + size),
            _ => load.other += size,
        }
        if load.messages > MAX_MESSAGES || load.other > MAX_OTHER {
            return None;
        }
    }
    Some(load)
}

/// The number of the first field, and what follows it.
fn skip_field(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (key, rest) = varint(bytes)?;
    let (length, rest) = match key & 7 {
        0 => (0, varint(rest)?.1),
        1 => (8, rest),
        2 => {
            let (length, rest) = varint(rest)?;
            (usize::try_from(length).ok()?, rest)
        }
        5 => (4, rest),
        _ => return None,
    };
    Some((key >> 3, rest.get(length..)?))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let (digits, rest) = bytes.split_at_checked(end + 1)?;
    let value = digits.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rpc: &[u8], expected: bool) {
        assert_eq!(load(rpc).is_some(), expected, "{} bytes", rpc.len());
    }

    #[test]
    fn a_frame_with_more_in_it_than_a_peer_has_to_say_is_none() {
        check(b"", true);
        check(&b"\x12\x00".repeat(MAX_MESSAGES), true);
        check(&b"\x12\x00".repeat(MAX_MESSAGES + 1), false);
        check(&b"\x0a\x00".repeat(MAX_OTHER / 2), true);
        check(&b"\x0a\x00".repeat(MAX_OTHER / 2 + 1), false);
        let control = |length: u32| {
            let varint = [length as u8 | 0x80, (length >> 7) as u8 | 0x80, (length >> 14) as u8];
            [&[0x1a][..], &varint, &vec![0; length as usize]].concat()
        };
        check(&control(MAX_OTHER as u32 - 4), true);
        check(&control(MAX_OTHER as u32 - 3), false);
        check(b"\x12\x05data", false);
        check(b"\x12", false);
        check(b"\x13\x00", false);
        check(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", false);
        check(b"\x08\x96\x01\x11\0\0\0\0\0\0\0\0\x15\0\0\0\0", true);
    }
}
