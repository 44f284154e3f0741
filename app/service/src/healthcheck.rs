//! The container's health check. The image has no shell and no curl, so the binary itself asks the service.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long one step of the exchange may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the service that listens on `address` for `/health`.
///
/// # Errors
/// It does not answer, or with something other than 200.
pub fn check(address: SocketAddr) -> io::Result<()> {
    let address = reachable(address);
    let mut connection = TcpStream::connect_timeout(&address, STEP_TIMEOUT)?;
    connection.set_read_timeout(Some(STEP_TIMEOUT))?;
    connection.set_write_timeout(Some(STEP_TIMEOUT))?;
    write!(
        connection,
        "GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    connection.take(4096).read_to_string(&mut answer)?;
    let status_line = answer.lines().next().unwrap_or_default();
    if status_line.split(' ').nth(1) == Some("200") {
        Ok(())
    } else {
        Err(io::Error::other(format!("answered {status_line:?}")))
    }
}

/// A service that listens on every address is asked on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn what_is_no_200_is_not_healthy() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let answering = thread::spawn(move || {
            let (mut connection, _) = listener.accept()?;
            // The whole request is read first: what is left unread would make closing the connection a reset.
            let mut lines = BufReader::new(&connection).lines();
            lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
            connection.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        });
        let failure = check(address).expect_err("not a 200");
        assert!(failure.to_string().contains("503"), "{failure}");
        let answered = answering.join().expect("no panic");
        answered.expect("the check reads the answer");
    }
}
