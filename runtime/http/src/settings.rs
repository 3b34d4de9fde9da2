//! The values that this process supplies for a plan's configuration, as requests use them.

use flow_plan::{ConfigId, Setting};

use crate::{NetError, NotSent, Redactor, Secret, SecretSource};

/// The value of one configuration entry.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text, as it goes into a URL or a header.
    Text(String),
    /// Several texts: base URLs.
    List(Vec<String>),
    /// A secret, read for each attempt.
    Secret(SecretSource),
}

/// The values of a plan's configuration entries, by their ids. Plain ones are pinned or live as the plan says;
/// secrets are always live: whoever performs a call looks them up at that moment.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    entries: Vec<(String, Option<Value>)>,
    redactor: Redactor,
}

impl Settings {
    /// The values in the order of the plan's table, with the entries' names.
    pub fn new(entries: Vec<(String, Option<Value>)>) -> Self {
        let redactor = Redactor::default();
        for (name, value) in &entries {
            if let Some(Value::Secret(source)) = value
                && let Ok(secret) = source.read()
            {
                redactor.learn(name, &secret);
            }
        }
        Self { entries, redactor }
    }

    /// The same with a redactor that others use too: it learns these secrets.
    #[must_use]
    pub fn sharing(mut self, redactor: &Redactor) -> Self {
        redactor.learn_all(&self.redactor);
        self.redactor = redactor.clone();
        self
    }

    /// The value of an entry.
    pub fn value(&self, id: ConfigId) -> Option<&Value> {
        self.entries.get(id.index()).and_then(|(_, value)| value.as_ref())
    }

    /// The name of an entry, for people.
    pub fn name(&self, id: ConfigId) -> &str {
        self.entries.get(id.index()).map_or("?", |(name, _)| name.as_str())
    }

    /// What takes these secrets out of texts of others.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The one text of a setting.
    ///
    /// # Errors
    /// An entry that has no value, or several.
    pub(crate) fn text(&self, setting: &Setting) -> Result<Supplied, NetError> {
        match setting {
            Setting::Text(text) => Ok(Supplied::Text(text.clone())),
            Setting::Config(id) => match self.value(*id) {
                Some(Value::Text(text)) => Ok(Supplied::Text(text.clone())),
                Some(Value::Secret(source)) => {
                    let secret = source.read().map_err(|why| {
                        NetError::not_sent(NotSent::Secret, format!("secret `{}` {why}", self.name(*id)))
                    })?;
                    self.redactor.learn(self.name(*id), &secret);
                    Ok(Supplied::Secret(secret))
                }
                Some(Value::List(_)) => {
                    Err(NetError::setting(format!("config `{}` is a list", self.name(*id))))
                }
                None => Err(NetError::setting(format!("config `{}` is missing", self.name(*id)))),
            },
            Setting::Joined(_) | Setting::Computed(_) => Err(NetError::setting("this is no single text")),
        }
    }
}

/// One text, secret or not.
#[derive(Clone, Debug)]
pub(crate) enum Supplied {
    Text(String),
    Secret(Secret),
}

impl Supplied {
    pub(crate) fn expose(&self) -> &str {
        match self {
            Supplied::Text(text) => text,
            Supplied::Secret(secret) => secret.expose(),
        }
    }

    pub(crate) fn is_secret(&self) -> bool {
        matches!(self, Supplied::Secret(_))
    }
}
