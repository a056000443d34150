//! The server: an address, and threads for those who come.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, Scope},
    time::Duration,
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Site, connection::Connection, hall::Hall};
use crate::{
    error::{Context, Error, Result},
    signal,
};

/// An address that is listened on.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// From the last answer to the end of the next head.
    pub idle: Duration,
    /// While nothing of an answer is taken.
    pub stalled: Duration,
}

const LIMITS: Limits = Limits { connections: 64, idle: Duration::from_secs(30), stalled: Duration::from_secs(60) };
/// So often it is looked whether somebody wants an end.
const GLANCE: Duration = Duration::from_millis(100);
/// Of a thread. Documents are parsed before it, and what it reads lies elsewhere.
const STACK: usize = 512 << 10;

impl Server {
    /// Port 0 takes any that is free.
    pub fn bind(address: SocketAddr) -> Result<Server> {
        let bound = || -> io::Result<Server> {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Server { listener, address, limits: LIMITS })
        };
        bound().map_err(|error| {
            let hint = remedy(&error, address);
            let error = Error::from(error).context(format!("listen on {address}"));
            hint.map_or(error.clone(), |hint| error.hint(hint))
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from now on, beside what the program does.
    pub fn serve(self, site: Arc<dyn Site>) -> Result<Running> {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, address) = (Arc::clone(&stop), self.address);
        let work = move || self.accept_all(&*site, &told);
        let thread = thread::Builder::new().name("httpd".to_owned()).spawn(work).context(|| "start the server")?;
        Ok(Running { address, stop, thread: Some(thread) })
    }

    fn accept_all(&self, site: &dyn Site, stop: &AtomicBool) -> Result<()> {
        let hall = Hall::new(self.limits.connections);
        thread::scope(|scope| {
            let mut ended = Ok(());
            while ended.is_ok() && !stop.load(Ordering::Relaxed) && !signal::asked_to_stop() {
                ended = self.accept(scope, &hall, site).context(|| format!("accept on {}", self.address));
            }
            hall.close();
            ended
        })
    }

    /// The next one, if there is one before the next glance.
    fn accept<'a>(&self, scope: &'a Scope<'a, '_>, hall: &'a Hall, site: &'a dyn Site) -> io::Result<()> {
        let mut door = [PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
        match poll(&mut door, PollTimeout::try_from(GLANCE).unwrap_or(PollTimeout::ZERO)) {
            Ok(0) | Err(nix::Error::EINTR) => return Ok(()),
            other => other?,
        };
        if !hall.has_room(GLANCE) {
            return Ok(());
        }
        let stream = match self.listener.accept() {
            Ok((stream, _)) => Arc::new(stream),
            // Gone again, or too many files are open: it is tried again after the next glance.
            Err(error) => {
                if error.kind() != ErrorKind::WouldBlock {
                    log::debug!("accept on {}: {error}", self.address);
                    thread::sleep(GLANCE);
                }
                return Ok(());
            }
        };
        let (seat, limits) = (hall.take_seat(&stream), self.limits);
        let work = move || {
            if let Err(error) = Connection::new(&stream, seat, limits, site).serve() {
                log::debug!("a connection ended: {error}");
            }
        };
        // Without a thread the client finds its connection ended, and may come again.
        if let Err(error) = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work) {
            log::warn!("a connection is refused: {error}");
        }
        Ok(())
    }
}

fn remedy(error: &io::Error, address: SocketAddr) -> Option<String> {
    let port = address.port();
    match error.kind() {
        ErrorKind::AddrInUse => {
            Some(format!("`ss -ltnp sport = :{port}` shows who has it; another port will do as well"))
        }
        ErrorKind::AddrNotAvailable => {
            Some("`ip addr` shows the addresses of this machine; 0.0.0.0 is all of them".to_owned())
        }
        ErrorKind::PermissionDenied => Some(format!("port {port} is root's; ports from 1024 on are everybody's")),
        _ => None,
    }
}

/// A server at work. It ends when this is dropped, and when the user asks the program to stop.
pub struct Running {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection and waits until that is done.
    pub fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.wait()
    }

    /// Until the user asks the program to stop, or the server fails.
    pub fn wait(mut self) -> Result<()> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(Error::failed(format!("the server on {} broke down", self.address))),
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // How it ended is said where somebody waits for it.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        io::{Read, Write},
        net::TcpStream,
        time::Instant,
    };

    use super::*;
    use crate::{
        httpd::{Answer, Body, Request},
        volume::{Stretch, open_plain},
    };

    /// Serves one file, and says `hello` at `/`.
    struct OneFile(Stretch);

    impl Site for OneFile {
        fn answer(&self, request: &Request) -> Answer {
            match request.path.as_str() {
                "/" => Answer::text(200, "hello"),
                "/file" => Answer::new(200, "application/octet-stream", Body::Stretch(self.0.clone())),
                _ => Answer::text(404, "There is nothing here.\n"),
            }
        }
    }

    const HELLO: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const FILE: &[u8] = b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n";
    const LONG: Duration = Duration::from_secs(30);

    fn serve(file: File, limits: Limits) -> Running {
        let mut server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        server.limits = limits;
        server.serve(Arc::new(OneFile(Stretch::of_file(file).unwrap()))).unwrap()
    }

    fn large(dir: &tempfile::TempDir) -> File {
        let path = dir.path().join("large");
        File::create(&path).unwrap().set_len(64 << 20).unwrap();
        open_plain(&path).unwrap()
    }

    fn client(running: &Running, request: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(running.address()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.write_all(request).unwrap();
        stream
    }

    fn hears_hello(stream: &mut TcpStream) -> bool {
        let mut come = Vec::new();
        let mut piece = [0; 1024];
        while !come.ends_with(b"\r\n\r\nhello") {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => return false,
                Ok(read) => come.extend_from_slice(&piece[..read]),
            }
        }
        true
    }

    #[test]
    fn a_connection_answers_many_requests_and_those_that_come_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let running = serve(large(&dir), LIMITS);
        let mut stream = client(&running, HELLO);
        assert!(hears_hello(&mut stream));
        stream.write_all(&HELLO.repeat(3)).unwrap();
        let mut come = String::new();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        stream.read_to_string(&mut come).unwrap();
        assert_eq!(come.matches("hello").count(), 4, "{come}");
    }

    #[test]
    fn the_next_one_waits_until_a_seat_is_free_and_the_idle_must_leave() {
        let dir = tempfile::tempdir().unwrap();
        let running = serve(large(&dir), Limits { connections: 2, ..LIMITS });
        let mut idle: Vec<TcpStream> = (0..2).map(|_| client(&running, HELLO)).collect();
        assert!(idle.iter_mut().all(hears_hello));
        let mut next: Vec<TcpStream> = (0..6).map(|_| client(&running, HELLO)).collect();
        assert!(next.iter_mut().all(hears_hello));
    }

    #[test]
    fn a_client_that_takes_nothing_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let running = serve(large(&dir), Limits { connections: 1, stalled: Duration::from_secs(1), ..LIMITS });
        let mut stalled = client(&running, FILE);
        // It is busy, not idle: only its end makes room.
        assert!(hears_hello(&mut client(&running, HELLO)));
        let mut come = 0;
        let mut piece = vec![0; 1 << 16];
        while let Ok(read @ 1..) = stalled.read(&mut piece) {
            come += read;
        }
        assert!(come < 64 << 20, "{come}");
    }

    #[test]
    fn who_asks_for_nothing_is_let_go() {
        let dir = tempfile::tempdir().unwrap();
        let running = serve(large(&dir), Limits { idle: Duration::from_millis(100), ..LIMITS });
        for begun in [&b""[..], b"GET / HTTP/1.1\r\nHo"] {
            assert_eq!(client(&running, begun).read(&mut [0; 9]).unwrap(), 0);
        }
    }

    #[test]
    fn a_file_that_became_shorter_ends_the_connection() {
        let dir = tempfile::tempdir().unwrap();
        let running = serve(large(&dir), LIMITS);
        fs::OpenOptions::new().write(true).open(dir.path().join("large")).unwrap().set_len(1 << 20).unwrap();
        let mut come = Vec::new();
        client(&running, FILE).read_to_end(&mut come).unwrap();
        let head = String::from_utf8_lossy(&come[..300]).into_owned();
        assert!(head.contains("Content-Length: 67108864\r\n"), "{head}");
        assert!(come.len() < 2 << 20, "{}", come.len());
        assert!(hears_hello(&mut client(&running, HELLO)));
    }

    #[test]
    fn an_end_waits_for_no_client() {
        let dir = tempfile::tempdir().unwrap();
        let running = serve(large(&dir), LIMITS);
        let mut answered = client(&running, HELLO);
        assert!(hears_hello(&mut answered));
        let (_silent, mut stalled) = (client(&running, b"GET"), client(&running, FILE));
        stalled.read_exact(&mut [0; 100]).unwrap();
        let address = running.address();
        let began = Instant::now();
        running.stop().unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn an_address_in_use_says_how_to_find_who_has_it() {
        let first = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = Server::bind(first.address()).err().unwrap();
        let port = first.address().port();
        assert!(
            error.to_string().starts_with(&format!("listen on 127.0.0.1:{port}: Address already in use")),
            "{error}"
        );
        assert!(error.what_to_try().unwrap().contains(&format!("sport = :{port}")));
    }
}
