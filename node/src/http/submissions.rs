//! `/v1/submissions`: messages of the annex come in, and are asked after.

use super::{Code, Problem, Side, SubmitError, Surface, blocking, json};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// No id is longer.
const MAX_ID: usize = 128;
/// Of a body that is too large, so many times the limit is read at most.
const DRAINED: usize = 4;

pub(super) async fn submit(State(surface): State<Arc<Surface>>, request: Request<Body>) -> Result<Response, Problem> {
    let (message, _counted) = local_json(request, &surface).await?;
    let bytes = message.len();
    match surface.handles.submissions.submit(message).await {
        Ok(receipt) => {
            surface.handles.metrics.took(bytes, &receipt);
            Ok(json(StatusCode::ACCEPTED, &receipt))
        }
        Err(error) => {
            if matches!(error, SubmitError::Busy { .. }) {
                surface.handles.metrics.busy();
            }
            Err(not_taken(error))
        }
    }
}

pub(super) async fn find(State(surface): State<Arc<Surface>>, Path(id): Path<String>) -> Result<Response, Problem> {
    if id.len() > MAX_ID {
        return Err(unknown());
    }
    let submissions = Arc::clone(&surface.handles.submissions);
    let found = blocking(move || submissions.find(&id).ok_or_else(unknown)).await;
    found.map(|tracked| json(StatusCode::OK, &tracked).into_response())
}

fn unknown() -> Problem {
    Problem::new(
        Code::UnknownSubmission,
        "this node knows no message under this id; it may be another node's, or older than what is kept",
        "本节点没有此编号的报文；可能由其他节点接收，或已超过保留期限",
    )
}

/// Why the intake takes nothing, as a problem.
pub(super) fn not_taken(error: SubmitError) -> Problem {
    match error {
        SubmitError::Busy { retry_after } => {
            Problem::new(Code::Busy, "more waits for a block than the node may hold", "待入块的事项超过节点上限")
                .retry_after(retry_after)
        }
        SubmitError::Unreadable(finding) => {
            Problem::new(Code::Unreadable, finding.text_en, finding.text_zh).at(finding.pointer).found(finding.code)
        }
        SubmitError::NotAMember(node) => Problem::new(
            Code::NotAMember,
            format!("the membership in force has no node {node} with the keys of this home, so it submits nothing"),
            format!("现行成员名单中没有以本目录密钥登记的节点 {node}，不能提交"),
        ),
        SubmitError::NotSubmitted(why) => Problem::new(Code::BadRequest, why, format!("不能以此方式提交：{why}")),
        SubmitError::Closed(why) => Problem::new(Code::Closed, why.as_str(), format!("节点暂停接收：{why}")),
    }
}

/// The body of a request that changes something: made on this machine, by no web page, in JSON, and no
/// larger than allowed; counted as long as the permit is held.
pub(super) async fn local_json(
    request: Request<Body>,
    surface: &Surface,
) -> Result<(Vec<u8>, OwnedSemaphorePermit), Problem> {
    match request.extensions().get::<Side>() {
        Some(Side::Socket) => {}
        Some(Side::Loopback) => same_site(request.headers())?,
        Some(Side::Remote(_)) | None => {
            return Err(Problem::new(
                Code::LocalOnly,
                "there are no credentials yet: hand it in through the socket node.sock in the node's home, or have the node listen on a loopback address",
                "尚无身份凭证：请经节点目录中的 node.sock 套接字提交，或让节点监听回环地址",
            ));
        }
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(
            Code::NotJson,
            "send it with Content-Type: application/json",
            "请以 Content-Type: application/json 发送",
        ));
    }
    let limit = surface.max_body_bytes;
    // A body of unknown length may become as large as any.
    let declared = request.body().size_hint().exact().and_then(|length| usize::try_from(length).ok());
    let counted = declared.unwrap_or(limit).min(limit);
    let room =
        u32::try_from(counted).ok().and_then(|bytes| Arc::clone(&surface.bodies).try_acquire_many_owned(bytes).ok());
    let Some(room) = room else {
        surface.handles.metrics.busy();
        return Err(Problem::new(
            Code::Busy,
            "as many bytes of bodies are being read as the node may hold",
            "正在接收的请求体已达节点上限",
        )
        .retry_after(Duration::from_secs(1)));
    };
    Ok((read(request.into_body(), limit).await?, room))
}

/// Reads a body. Of one that is too large some more is read and dropped, so that who sends it has sent it
/// and hears why it is not taken, instead of losing the connection.
async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Problem::new(Code::BadRequest, format!("the body breaks off: {error}"), "请求体不完整"))?;
        let Ok(piece) = frame.into_data() else { continue };
        length = length.saturating_add(piece.len());
        if length <= limit {
            bytes.extend_from_slice(&piece);
        } else if length > limit.saturating_mul(DRAINED) {
            break;
        }
    }
    if length <= limit { Ok(bytes) } else { Err(too_large(limit)) }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        Code::BodyTooLarge,
        format!("a body may have {limit} bytes; send the items in several messages"),
        format!("请求体不得超过 {limit} 字节；请分多个报文提交"),
    )
}

/// What a proxy adds to a request.
const PROXIED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// A browser on this machine reaches loopback for every page that it shows: such a page names itself as
/// the origin, or reaches us under a name of its own.
fn same_site(headers: &HeaderMap) -> Result<(), Problem> {
    if PROXIED.iter().any(|name| headers.contains_key(*name)) {
        return Err(Problem::new(
            Code::ForeignOrigin,
            "this came by way of a proxy, and whoever reaches the proxy would hand in: ask on the node's own machine",
            "该请求经由代理转发，凡能访问代理者均可借此提交：请在节点本机上直接提交",
        ));
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if headers.contains_key(header::ORIGIN) || !is_loopback(host) {
        return Err(Problem::new(
            Code::ForeignOrigin,
            "a web page cannot hand anything in: ask by the loopback address itself, without an Origin",
            "网页不能代为提交：请直接以回环地址访问，且不带 Origin",
        ));
    }
    Ok(())
}

/// Whether a `Host` names this machine: `127.0.0.1`, `[::1]` or `localhost`, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn hosts_of_this_machine() {
        for host in ["127.0.0.1", "127.0.0.1:7080", "[::1]:7080", "localhost", "LOCALHOST:1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "evil.example", "127.0.0.1.evil.example", "10.0.0.1:7080", "[::2]", "localhost.evil.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
