//! The connections that are open, of which there are only so many.

use std::{
    collections::BTreeMap,
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A seat for each connection. Who finds none waits before the door, where the kernel keeps the queue.
pub struct Hall {
    seats: Mutex<Seats>,
    left: Condvar,
    most: usize,
    /// Somebody waits: who has been answered should leave.
    pub is_crowded: AtomicBool,
}

#[derive(Default)]
struct Seats {
    taken: BTreeMap<u64, Guest>,
    next: u64,
}

struct Guest {
    stream: Arc<TcpStream>,
    /// Since when nothing has been asked; none while an answer goes out.
    idle_since: Option<Instant>,
}

/// A place in the hall, given back when it is dropped.
pub struct Seat<'a> {
    hall: &'a Hall,
    number: u64,
}

/// So long a connection may ask for nothing while others wait.
const PATIENCE: Duration = Duration::from_secs(1);

impl Hall {
    pub fn new(most: usize) -> Hall {
        Hall { seats: Mutex::default(), left: Condvar::new(), most, is_crowded: AtomicBool::new(false) }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True once there is room for one more. Waits no longer than this, and asks the idlest to leave.
    pub fn has_room(&self, patience: Duration) -> bool {
        let seats = self.seats();
        if seats.taken.len() >= self.most {
            self.is_crowded.store(true, Ordering::Relaxed);
            seats.send_off_the_idlest();
            let still_full = |seats: &mut Seats| seats.taken.len() >= self.most;
            let waited = self.left.wait_timeout_while(seats, patience, still_full);
            return !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out();
        }
        self.is_crowded.store(false, Ordering::Relaxed);
        true
    }

    pub fn take_seat(&self, stream: &Arc<TcpStream>) -> Seat<'_> {
        let mut seats = self.seats();
        let number = seats.next;
        seats.next += 1;
        seats.taken.insert(number, Guest { stream: Arc::clone(stream), idle_since: Some(Instant::now()) });
        Seat { hall: self, number }
    }

    /// Ends every connection, whatever it waits for.
    pub fn close(&self) {
        for guest in self.seats().taken.values() {
            // One that is over already cannot be ended.
            let _ = guest.stream.shutdown(Shutdown::Both);
        }
    }
}

impl Seats {
    /// What it sends at this very moment is still read and answered: only then its end is seen.
    fn send_off_the_idlest(&self) {
        let idle = self.taken.values().filter_map(|guest| Some((guest.idle_since?, guest)));
        if let Some((since, guest)) = idle.min_by_key(|(since, _)| *since)
            && since.elapsed() > PATIENCE
        {
            let _ = guest.stream.shutdown(Shutdown::Read);
        }
    }
}

impl Seat<'_> {
    pub fn is_idle(&self, is_idle: bool) {
        if let Some(guest) = self.hall.seats().taken.get_mut(&self.number) {
            guest.idle_since = is_idle.then(Instant::now);
        }
    }

    pub fn is_wanted(&self) -> bool {
        self.hall.is_crowded.load(Ordering::Relaxed)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.hall.seats().taken.remove(&self.number);
        self.hall.left.notify_all();
    }
}
