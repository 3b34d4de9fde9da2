//! A secret value that can be used but not shown.

use std::{fmt, sync::Arc};

/// Where the present value of a secret comes from: it is read for each attempt, and may change in between.
#[derive(Clone)]
pub struct SecretSource(Arc<Reading>);

/// Reads a secret; why there is none, where that is so, without its value.
type Reading = dyn Fn() -> Result<Secret, String> + Send + Sync;

impl SecretSource {
    /// A source that is asked for each attempt. It is asked while an execution waits, so that it should answer soon.
    pub fn new(read: impl Fn() -> Result<Secret, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The present value.
    ///
    /// # Errors
    /// Why there is none, in words that follow the secret's name.
    pub fn read(&self) -> Result<Secret, String> {
        (self.0)()
    }
}

impl From<Secret> for SecretSource {
    fn from(secret: Secret) -> Self {
        Self::new(move || Ok(secret.clone()))
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretSource")
    }
}

use zeroize::Zeroizing;

/// A secret text. It has no `Display`, its `Debug` hides it, and its memory is wiped with the last copy.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(text.into())))
    }

    /// The text itself, for the one place where it is put into a request.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}
