//! One connection of the mock target: requests are found by their blank line, bodies are not expected.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Behaviour, Shared};

/// Where a request ends.
const END: &[u8] = b"\r\n\r\n";

/// Serves one connection until its end or its first error.
pub(super) async fn serve(shared: Arc<Shared>, mut stream: TcpStream) {
    let _errors_end_it = serve_until_closed(&shared, &mut stream).await;
    if shared.setup.behaviour == Behaviour::Reset {
        let _gone_either_way = stream.set_zero_linger();
    }
}

async fn serve_until_closed(shared: &Shared, stream: &mut TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let answer = answer(shared);
    let mut answers_left = match shared.setup.behaviour {
        Behaviour::AnswerThenClose(answers) => answers,
        _ => u32::MAX,
    };
    let mut buffer = [0; 4096];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        while let Some(end) = buffer[..filled]
            .windows(END.len())
            .position(|window| window == END)
        {
            buffer.copy_within(end + END.len()..filled, 0);
            filled -= end + END.len();
            match shared.setup.behaviour {
                Behaviour::Silence => continue,
                Behaviour::Close | Behaviour::Reset => return Ok(()),
                _ => {}
            }
            wait_for_service(shared).await;
            stream.write_all(&answer).await?;
            if let Some(answers) = &mut shared.log().answers {
                answers.push(Instant::now());
            }
            answers_left -= 1;
            if answers_left == 0 {
                return Ok(());
            }
        }
        if filled == buffer.len() {
            return Ok(());
        }
    }
}

/// The bytes of every answer.
fn answer(shared: &Shared) -> Vec<u8> {
    let body = &shared.setup.body;
    match shared.setup.behaviour {
        Behaviour::Garbage => b"\x16\x03\x01 this is not HTTP\r\n\r\n".to_vec(),
        Behaviour::Answer(status) => head(status, body).into_bytes(),
        _ => head(200, body).into_bytes(),
    }
}

fn head(status: u16, body: &str) -> String {
    let length = body.len();
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Mock");
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Waits its turn, then the time an answer takes.
async fn wait_for_service(shared: &Shared) {
    let mut done = Instant::now() + shared.setup.service_time;
    if let Some(rate) = shared.setup.answers_per_second {
        let mut log = shared.log();
        let turn = log.busy_until.map_or(done, |busy| busy.max(done))
            + Duration::from_secs_f64(1.0 / rate);
        log.busy_until = Some(turn);
        done = turn;
    } else if shared.setup.service_time.is_zero() {
        return;
    }
    tokio::time::sleep_until(done.into()).await;
}
