//! Ports and HTTP of the local host against a real listener.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use upgrade_kit::host::{Host, HostError, LocalHost};

/// Answers one request after another with the same bytes, after a delay.
fn serve(answer: Vec<u8>, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else {
                return;
            };
            let _ = connection.read(&mut [0; 4096]);
            std::thread::sleep(delay);
            let _ = connection.write_all(&answer);
        }
    });
    address
}

const LIMIT: Duration = Duration::from_secs(5);

#[test]
fn a_redirect_and_an_error_status_are_answers() {
    let answer =
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nhi";
    let address = serve(answer.as_bytes().to_vec(), Duration::ZERO);
    let found = LocalHost
        .http_get(&format!("http://{address}/x"), LIMIT)
        .unwrap();
    assert_eq!((found.status, found.body), (302, b"hi".to_vec()));
    let answer = b"HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\n".to_vec();
    let address = serve(answer, Duration::ZERO);
    let found = LocalHost
        .http_get(&format!("http://{address}/"), LIMIT)
        .unwrap();
    assert_eq!((found.status, found.body.len()), (503, 0));
}

#[test]
fn a_large_body_is_cut_and_a_slow_server_given_up() {
    let mut answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    answer.extend(vec![b'x'; 1 << 20]);
    let address = serve(answer.clone(), Duration::ZERO);
    let found = LocalHost
        .http_get(&format!("http://{address}/"), LIMIT)
        .unwrap();
    assert_eq!(found.body.len(), 64 * 1024);
    let address = serve(answer, Duration::from_secs(3));
    let start = Instant::now();
    let error = LocalHost
        .http_get(&format!("http://{address}/"), Duration::from_millis(300))
        .unwrap_err();
    assert!(matches!(error, HostError::Http { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_port_listens_or_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert!(LocalHost.listens(address, LIMIT));
    drop(listener);
    assert!(!LocalHost.listens(address, LIMIT));
    let error = LocalHost
        .http_get(&format!("http://{address}/"), LIMIT)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("failed to reach http://127.0.0.1:")
    );
}
