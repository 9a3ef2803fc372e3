//! The stream of a whole gateway, on real connections, with clients of an ordinary WebSocket library.

mod depth;
mod hostile;
mod private;
mod world;
