//! Ports and HTTP.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::host::{HostError, HttpAnswer};

/// More of a body is not read.
const BODY_LIMIT: u64 = 64 * 1024;

pub(super) fn listens(address: SocketAddr, timeout: Duration) -> bool {
    TcpStream::connect_timeout(&address, timeout.max(Duration::from_millis(1))).is_ok()
}

/// One GET without redirects and without a proxy: a health check asks the server itself.
pub(super) fn http_get(url: &str, timeout: Duration) -> Result<HttpAnswer, HostError> {
    let failed = |error: ureq::Error| HostError::Http {
        url: url.to_owned(),
        reason: match error {
            // Its own words begin with "io:".
            ureq::Error::Io(cause) => cause.to_string(),
            error => error.to_string(),
        },
    };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let mut answer = agent.get(url).call().map_err(failed)?;
    let mut body = Vec::new();
    answer
        .body_mut()
        .as_reader()
        .take(BODY_LIMIT)
        .read_to_end(&mut body)
        .map_err(|error| failed(error.into()))?;
    Ok(HttpAnswer {
        status: answer.status().as_u16(),
        body,
    })
}
