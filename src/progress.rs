//! What a run is doing, on standard error: a bar on a terminal, plain lines elsewhere, nothing when quiet.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The one line that tells how far a run is.
pub struct Progress {
    show: Show,
}

enum Show {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

/// While nobody knows how many steps there will be.
const UNCOUNTED: &str = "{spinner:.cyan} {wide_msg}";
const COUNTED: &str = "{prefix:>9} {bar:24.cyan/dim} {pos}/{len} {wide_msg} {eta}";
const BYTES: &str = "{prefix:>9} {bar:24.cyan/dim} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec}, {eta} left {wide_msg}";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}

impl Progress {
    /// A bar if standard error is a terminal, else lines; nothing if quiet.
    pub fn new(quiet: bool) -> Progress {
        let show = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Show::Nothing,
            (false, false) => Show::Lines,
            (false, true) => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                bar.set_style(style(UNCOUNTED));
                Show::Bar(bar)
            }
        };
        Progress { show }
    }

    pub fn silent() -> Progress {
        Progress { show: Show::Nothing }
    }

    /// Begins a stretch of so many steps.
    pub fn begin(&self, what: &str, steps: u64) {
        if let Show::Bar(bar) = &self.show {
            bar.set_style(style(COUNTED));
            bar.reset();
            bar.set_length(steps);
            bar.set_prefix(what.to_owned());
        }
    }

    /// Begins a stretch of so many bytes, with their rate and the time that is left.
    pub fn begin_bytes(&self, what: &str, bytes: u64) {
        if let Show::Bar(bar) = &self.show {
            bar.set_style(style(BYTES));
            bar.reset();
            bar.set_length(bytes);
            bar.set_prefix(what.to_owned());
        }
    }

    /// So many more bytes are done; fewer where some must be done again.
    pub fn advance(&self, bytes: i64) {
        if let Show::Bar(bar) = &self.show {
            match u64::try_from(bytes) {
                Ok(more) => bar.inc(more),
                Err(_) => bar.dec(bytes.unsigned_abs()),
            }
        }
    }

    /// Says what is being done now.
    pub fn doing(&self, what: &str) {
        if let Show::Bar(bar) = &self.show {
            bar.set_message(what.to_owned());
            bar.tick();
        }
    }

    /// One more step is done.
    pub fn step(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.inc(1);
        }
    }

    /// A line that stays, above the bar.
    pub fn line(&self, text: &str) {
        match &self.show {
            Show::Bar(bar) => bar.suspend(|| write_line(text)),
            Show::Lines => write_line(text),
            Show::Nothing => {}
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
        }
    }
}

fn write_line(text: &str) {
    // Nobody may be listening any more; that is no reason to stop measuring.
    let _ = writeln!(std::io::stderr(), "{text}");
}
