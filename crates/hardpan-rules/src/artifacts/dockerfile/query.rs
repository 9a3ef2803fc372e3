//! Single questions about a target. Whoever asks several takes [`Dockerfile::image`] once.

use super::image::{CommandSetting, Healthcheck, Port, Setting};
use super::instruction::Dockerfile;
use super::stages::BuildArguments;

impl Dockerfile {
    /// The last `USER` of the target and of the stages it is built from. `None` leaves it to the base image.
    #[must_use]
    pub fn final_user(&self, target: Option<&str>, build_arguments: &BuildArguments) -> Option<Setting> {
        self.image(target, build_arguments)?.user
    }

    /// The last `HEALTHCHECK`. `None` leaves it to the base image.
    #[must_use]
    pub fn healthcheck(&self, target: Option<&str>) -> Option<Healthcheck> {
        self.image(target, &BuildArguments::new())?.healthcheck
    }

    /// Every exposed port, as far as the defaults of the arguments tell.
    #[must_use]
    pub fn exposed_ports(&self, target: Option<&str>) -> Vec<Port> {
        self.image(target, &BuildArguments::new()).map(|image| image.ports).unwrap_or_default()
    }

    /// The last `ENTRYPOINT`. `None` leaves it to the base image.
    #[must_use]
    pub fn entrypoint(&self, target: Option<&str>) -> Option<CommandSetting> {
        self.image(target, &BuildArguments::new())?.entrypoint
    }

    /// The last `CMD`. `None` leaves it to the base image, or means that an `ENTRYPOINT` reset it.
    #[must_use]
    pub fn cmd(&self, target: Option<&str>) -> Option<CommandSetting> {
        self.image(target, &BuildArguments::new())?.cmd
    }
}
