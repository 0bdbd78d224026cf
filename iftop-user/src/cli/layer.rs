//! The options of the table on the command line, built in a loop over it.
//!
//! It owns how clap is told of them. It must never name a single one.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::{
    config::directives::{SAME, SETTINGS, SWITCHES, Setting, Switch},
    options::Layer,
};

impl Args for Layer {
    fn augment_args(command: Command) -> Command {
        let switches = SWITCHES.iter().flat_map(|switch| [true, false].map(|on| flag(switch, on)));
        command.args(SETTINGS.iter().map(valued)).args(switches)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Layer {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut layer = Self::default();
        for switch in SWITCHES {
            for (long, on) in [(switch.on, true), (switch.off, false)] {
                if matches.get_flag(long) {
                    (switch.set)(&mut layer, on);
                }
            }
        }
        for setting in SETTINGS {
            if let Some(said) = matches.get_one::<Self>(setting.long) {
                layer = said.clone().or(layer);
            }
        }
        Ok(layer)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?.or(self.clone());
        Ok(())
    }
}

/// One of a switch's two flags. Only that one has a line in the help which changes something.
fn flag(switch: &'static Switch, on: bool) -> Arg {
    let (long, opposite) = if on { (switch.on, switch.off) } else { (switch.off, switch.on) };
    let flag = Arg::new(long)
        .long(long)
        .action(ArgAction::SetTrue)
        .overrides_with(opposite)
        .help_heading(switch.section.title());
    if on == switch.default {
        flag.hide(true).help(format!("The opposite of --{opposite}"))
    } else {
        let flag = flag.help(switch.help);
        if let Some(letter) = switch.short { flag.short(letter) } else { flag }
    }
}

fn valued(setting: &'static Setting) -> Arg {
    let parse = |text: &str| {
        let mut layer = Layer::default();
        (setting.set)(&mut layer, text).map(|()| layer)
    };
    let same = SAME.iter().filter(|(long, _)| *long == setting.long);
    let mut arg = Arg::new(setting.long)
        .long(setting.long)
        .value_name(setting.value)
        .value_parser(parse)
        .allow_negative_numbers(true)
        .overrides_with_all(same.flat_map(|(_, switches)| *switches))
        .help_heading(setting.section.title())
        .help(setting.help);
    if let Some(letter) = setting.short {
        arg = arg.short(letter);
    }
    arg
}
