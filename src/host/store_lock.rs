//! fcntl locks, as Java takes them.
