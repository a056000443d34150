//! The time of day, in one format.

use jiff::{Timestamp, Unit, tz::TimeZone};

/// Now as RFC 3339 in UTC with milliseconds: `2026-11-22T14:05:09.123Z`.
pub fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now).to_string()
}

/// Now for the name of a file, in the machine's own time zone: `20261122-140509`.
pub fn stamp() -> String {
    Timestamp::now().to_zoned(TimeZone::system()).strftime("%Y%m%d-%H%M%S").to_string()
}

/// A time of ours as a person reads it here: `22 Nov 2026 15:05`. Anything else comes back as it is.
pub fn for_people(rfc3339: &str) -> String {
    match rfc3339.parse::<Timestamp>() {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime("%-d %b %Y %H:%M").to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}
