//! Questions and answers on a stream: `length(4, big-endian) ‖ value in the core's encoding`.
//!
//! A length beyond its cap is refused before anything is read, and memory grows with the bytes that came,
//! never with the length that was claimed.

use super::wire::{MAX_ANSWER, MAX_QUESTION, Request, Response};
use async_trait::async_trait;
use bincode::Decode;
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use ledger_core::codec;
use libp2p::{StreamProtocol, request_response};
use std::io;

/// Bytes that came as a question and are none.
#[derive(Debug)]
pub(super) struct NoQuestion(pub(super) io::Error);

/// The codec of the one protocol. What the *other side* sent wrong is [`io::ErrorKind::InvalidData`], and
/// nothing else is.
///
/// The library tells nobody of a question that could not be read, and so whoever sends such would never be
/// known: here it is read as [`NoQuestion`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Codec;

#[async_trait]
impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Result<Request, NoQuestion>;
    type Response = Response;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Result<Request, NoQuestion>> {
        match read(io, MAX_QUESTION).await {
            Ok(request) => Ok(Ok(request)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Err(NoQuestion(error))),
            Err(error) => Err(error),
        }
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Response> {
        read(io, MAX_ANSWER).await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        request: Result<Request, NoQuestion>,
    ) -> io::Result<()> {
        let request = request.map_err(|NoQuestion(error)| error)?;
        write(io, codec::encode(&request), MAX_QUESTION).await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        response: Response,
    ) -> io::Result<()> {
        write(io, codec::encode(&response), MAX_ANSWER).await
    }
}

/// Reads one frame of at most `cap` bytes.
pub(super) async fn read<V: Decode<()>, T: AsyncRead + Unpin + Send>(io: &mut T, cap: usize) -> io::Result<V> {
    let mut length = [0; 4];
    io.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length);
    if length as usize > cap {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{length} bytes are over the cap of {cap}")));
    }
    let mut bytes = Vec::new();
    io.take(u64::from(length)).read_to_end(&mut bytes).await?;
    if bytes.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    codec::decode(&bytes).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
}

/// Writes one frame of at most `cap` bytes.
async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, bytes: Vec<u8>, cap: usize) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length as usize <= cap);
    let length = length.ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{} bytes are over the cap of {cap}", bytes.len()))
    })?;
    io.write_all(&length.to_be_bytes()).await?;
    io.write_all(&bytes).await?;
    io.close().await
}
