//! The node's end of the control socket.

use std::io;
use std::path::Path;
use std::sync::Arc;

use node::Command;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::{Control, MAX_CONNECTIONS, MAX_REQUEST_BYTES};

/// Opens the socket; serve it by awaiting what comes back. Must be called inside a runtime.
///
/// The caller owns the data directory, so a socket that lies there is a dead one's and is replaced.
///
/// # Errors
/// Where the socket cannot be made.
pub fn listen(path: &Path, control: Control) -> io::Result<impl Future<Output = ()> + Send + use<>> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // The directory is closed to others, so nobody can come in between.
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(accept(listener, control))
}

async fn accept(listener: UnixListener, control: Control) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let control = control.clone();
                tokio::spawn(async move {
                    let _place = place;
                    if let Err(error) = serve(stream, &control).await {
                        tracing::debug!(%error, "a control connection ended");
                    }
                });
            }
            Err(error) => {
                // Out of descriptors: the next try comes when a connection has ended or a moment has passed.
                tracing::warn!(%error, "a control connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(mut stream: UnixStream, control: &Control) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = MAX_REQUEST_BYTES as u64 + 1;
        let read = (&mut reader).take(most).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a request is too long or was broken off"));
        }
        let command: Command = serde_json::from_slice(&line)?;
        let mut answer = serde_json::to_vec(&control.ask(command).await)?;
        answer.push(b'\n');
        writer.write_all(&answer).await?;
    }
}
