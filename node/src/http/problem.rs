//! Errors as problems of RFC 9457: a stable code, English and Chinese, a JSON pointer where there is one.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::time::Duration;

/// What can be wrong, by stable codes. Each has its status and its titles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No such route.
    NoRoute,
    /// No such method there.
    NoMethod,
    /// A query or body that cannot be understood.
    BadRequest,
    /// A body that is not said to be JSON.
    NotJson,
    /// A body that is too large.
    BodyTooLarge,
    /// Taken only on the Unix socket and on loopback.
    LocalOnly,
    /// A request that a web page of somebody else may have made.
    ForeignOrigin,
    /// A message of which nothing can be read.
    Unreadable,
    /// A block that is not here.
    UnknownBlock,
    /// A message that is not known.
    UnknownSubmission,
    /// A change that would be refused.
    BadChange,
    /// A protocol that this version does not know, or too few nodes.
    UnknownProtocol,
    /// A proposal that is not open.
    UnknownProposal,
    /// An approval that does not verify.
    BadApproval,
    /// A node that may not submit.
    NotAMember,
    /// A head that is too large.
    HeadTooLarge,
    /// Too many requests of one address.
    TooManyRequests,
    /// Too many connections of one address.
    TooManyConnections,
    /// Too many streams of blocks.
    TooManyStreams,
    /// Too much is waiting for a block.
    Busy,
    /// The intake takes nothing any more.
    Closed,
    /// A request that took too long.
    Timeout,
    /// The node's own fault.
    Internal,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 23] = [
        Self::NoRoute,
        Self::NoMethod,
        Self::BadRequest,
        Self::NotJson,
        Self::BodyTooLarge,
        Self::LocalOnly,
        Self::ForeignOrigin,
        Self::Unreadable,
        Self::UnknownBlock,
        Self::UnknownSubmission,
        Self::BadChange,
        Self::UnknownProtocol,
        Self::UnknownProposal,
        Self::BadApproval,
        Self::NotAMember,
        Self::HeadTooLarge,
        Self::TooManyRequests,
        Self::TooManyConnections,
        Self::TooManyStreams,
        Self::Busy,
        Self::Closed,
        Self::Timeout,
        Self::Internal,
    ];

    /// Code, status, title in English, title in Chinese.
    const fn row(self) -> (&'static str, StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::NoRoute => ("NO_ROUTE", S::NOT_FOUND, "no such path", "路径不存在"),
            Self::NoMethod => ("NO_METHOD", S::METHOD_NOT_ALLOWED, "no such method here", "请求方法不适用"),
            Self::BadRequest => ("BAD_REQUEST", S::BAD_REQUEST, "the request cannot be understood", "请求无法理解"),
            Self::NotJson => ("NOT_JSON", S::UNSUPPORTED_MEDIA_TYPE, "the body must be JSON", "请求体须为 JSON"),
            Self::BodyTooLarge => ("BODY_TOO_LARGE", S::PAYLOAD_TOO_LARGE, "the body is too large", "请求体过大"),
            Self::LocalOnly => ("LOCAL_ONLY", S::FORBIDDEN, "taken only on the node's own machine", "仅限节点本机提交"),
            Self::ForeignOrigin => (
                "FOREIGN_ORIGIN",
                S::FORBIDDEN,
                "the request comes from another site, or by way of a proxy",
                "请求来自其他站点或经由代理转发",
            ),
            Self::Unreadable => {
                ("UNREADABLE", S::UNPROCESSABLE_ENTITY, "nothing of the message can be read", "报文无法读取")
            }
            Self::UnknownBlock => ("UNKNOWN_BLOCK", S::NOT_FOUND, "no such block here", "区块不存在"),
            Self::UnknownSubmission => ("UNKNOWN_SUBMISSION", S::NOT_FOUND, "no such message here", "报文不存在"),
            Self::BadChange => ("BAD_CHANGE", S::UNPROCESSABLE_ENTITY, "the change would be refused", "该变更将被拒绝"),
            Self::UnknownProtocol => {
                ("UNKNOWN_PROTOCOL", S::CONFLICT, "the protocol is not known widely enough", "该协议版本尚不受支持")
            }
            Self::UnknownProposal => ("UNKNOWN_PROPOSAL", S::CONFLICT, "no such open proposal", "没有此未决提案"),
            Self::BadApproval => {
                ("BAD_APPROVAL", S::UNPROCESSABLE_ENTITY, "the approval would be refused", "该批准将被拒绝")
            }
            Self::NotAMember => ("NOT_A_MEMBER", S::CONFLICT, "this node is in no membership", "本节点不在成员名单中"),
            Self::HeadTooLarge => {
                ("HEAD_TOO_LARGE", S::REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too large", "请求头过大")
            }
            Self::TooManyConnections => {
                ("TOO_MANY_CONNECTIONS", S::TOO_MANY_REQUESTS, "too many connections", "连接过多")
            }
            Self::TooManyRequests => ("TOO_MANY_REQUESTS", S::TOO_MANY_REQUESTS, "too many requests", "请求过于频繁"),
            Self::TooManyStreams => {
                ("TOO_MANY_STREAMS", S::SERVICE_UNAVAILABLE, "too many streams of blocks", "同时读取的区块流过多")
            }
            Self::Busy => ("BUSY", S::SERVICE_UNAVAILABLE, "too much is waiting", "待处理事项过多"),
            Self::Closed => ("CLOSED", S::SERVICE_UNAVAILABLE, "the node takes nothing in", "节点暂停接收"),
            Self::Timeout => ("TIMEOUT", S::REQUEST_TIMEOUT, "the request took too long", "请求超时"),
            Self::Internal => ("INTERNAL", S::INTERNAL_SERVER_ERROR, "the node could not do it", "节点内部错误"),
        }
    }

    /// The code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The status that it comes with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    /// What it means, in English and Chinese.
    #[must_use]
    pub const fn titles(self) -> (&'static str, &'static str) {
        (self.row().2, self.row().3)
    }
}

/// A problem: what is wrong with this very request.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    detail_zh: String,
    pointer: Option<String>,
    finding: Option<String>,
    retry_after: Option<Duration>,
}

/// Its form on the wire.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    title_zh: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    detail_zh: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem, in English and Chinese.
    pub fn new(code: Code, detail: impl Into<String>, detail_zh: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            detail_zh: detail_zh.into(),
            pointer: None,
            finding: None,
            retry_after: None,
        }
    }

    /// The node's own fault: told to the log, not to who asks.
    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!("a request cannot be answered: {error}");
        Self::new(Code::Internal, "the node's log says what is wrong", "详见节点日志")
    }

    /// At a place of the body.
    #[must_use]
    pub(super) fn at(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    /// By a finding of the annex, whose code is also stable.
    #[must_use]
    pub(super) fn found(self, finding: impl Into<String>) -> Self {
        Self { finding: Some(finding.into()), ..self }
    }

    /// To be tried again later.
    #[must_use]
    pub(super) fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The whole answer as it stands on the wire, for a connection that ends with it.
    pub(super) fn to_http(&self) -> Vec<u8> {
        let (body, status) = (self.to_json(), self.code.status());
        let head = format!(
            "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
             x-content-type-options: nosniff\r\nconnection: close\r\n\r\n",
            status.as_u16(),
            status.canonical_reason().unwrap_or(""),
            body.len()
        );
        [head.into_bytes(), body].concat()
    }

    /// Whole seconds to wait, and never none of them.
    fn seconds(&self) -> Option<u64> {
        self.retry_after.map(|wait| (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
    }

    fn to_json(&self) -> Vec<u8> {
        let (code, status, title, title_zh) = self.code.row();
        let body = Body {
            r#type: format!("urn:luqi:problem:{code}"),
            title,
            title_zh,
            status: status.as_u16(),
            code,
            detail: &self.detail,
            detail_zh: &self.detail_zh,
            pointer: self.pointer.as_deref(),
            finding: self.finding.as_deref(),
            retry_after_s: self.seconds(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (text, status) = (self.to_json(), self.code.status());
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], text).into_response();
        if let Some(wait) = self.seconds() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}
