//! Who may sign in and how, decided as Microsoft Entra does.
//!
//! Architecture invariant: pure. Directory, policies, a sign-in and the time come in; decisions with their reasons go out.

pub mod lockout;
pub mod logs;
pub mod passwords;
pub mod registration;
pub mod risk;
