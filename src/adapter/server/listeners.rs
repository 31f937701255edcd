//! Listening TCP ports and who holds them, from `/proc/net/tcp`.
//!
//! Connecting to the loopback address would miss a server that is bound to another one.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::identify;
use crate::host::{FileKind, Host};

/// A loopback connection is made or refused at once.
const CONNECT: Duration = Duration::from_millis(500);

/// More is not read of the table; a line is 150 bytes.
const TABLE: u64 = 256 << 20;

/// Those of the ports that something listens on.
pub(super) fn open_ports(ports: &[u16], host: &dyn Host) -> Vec<u16> {
    if ports.is_empty() {
        return Vec::new();
    }
    let sockets = sockets(host);
    let connects = |port: u16| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        host.listens(address, CONNECT)
    };
    ports
        .iter()
        .copied()
        .filter(|&port| sockets.iter().any(|socket| socket.port == port) || connects(port))
        .collect()
}

/// `process 123 (java)`, if the system tells us: another user's descriptors only root may see.
pub(super) fn holder(port: u16, host: &dyn Host) -> Option<String> {
    let wanted: Vec<String> = sockets(host)
        .iter()
        .filter(|socket| socket.port == port)
        .map(|socket| format!("socket:[{}]", socket.inode))
        .collect();
    let holds = |pid: &u32| {
        let folder = format!("/proc/{pid}/fd");
        let folder = Path::new(&folder);
        host.list(folder)
            .unwrap_or_default()
            .iter()
            .any(|descriptor| leads_to(&folder.join(descriptor), &wanted, host))
    };
    let pid = identify::numbers(host).ok()?.into_iter().find(holds)?;
    Some(identify::describe(pid, host))
}

fn leads_to(descriptor: &Path, wanted: &[String], host: &dyn Host) -> bool {
    match host.stat(descriptor) {
        Ok(Some(found)) => match found.kind {
            FileKind::Symlink(target) => wanted
                .iter()
                .any(|socket| target.as_os_str() == OsStr::new(socket)),
            _ => false,
        },
        _ => false,
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Socket {
    port: u16,
    inode: u64,
}

/// Listening sockets, IPv4 and IPv6.
fn sockets(host: &dyn Host) -> Vec<Socket> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| host.read(Path::new(table), TABLE).ok())
        .flat_map(|table| {
            String::from_utf8_lossy(&table)
                .lines()
                .filter_map(listening)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Columns: number, local address (`0100007F:1F90`), remote address, state (`0A`: listening),
/// queues, timer, retransmits, user, timeout, inode.
fn listening(line: &str) -> Option<Socket> {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    if *columns.get(3)? != "0A" {
        return None;
    }
    let (_, port) = columns.get(1)?.rsplit_once(':')?;
    Some(Socket {
        port: u16::from_str_radix(port, 16).ok()?,
        inode: columns.get(9)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::host::LocalHost;

    #[test]
    fn a_line_of_the_table_is_read() {
        let line = "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 54321 1 000 100 0 0 10 0";
        let wanted = Socket {
            port: 8080,
            inode: 54321,
        };
        assert_eq!(listening(line), Some(wanted));
        assert_eq!(listening(&line.replace(" 0A ", " 06 ")), None);
        assert_eq!(listening("  sl  local_address rem_address   st"), None);
    }

    #[test]
    fn a_listener_is_seen_on_either_protocol() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            assert_eq!(open_ports(&[port], &LocalHost), [port]);
            drop(listener);
            assert!(open_ports(&[port], &LocalHost).is_empty());
        }
    }
}
