//! Bars on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::outcome::{Done, unwritten};

pub(super) struct Screen {
    bars: Option<Bars>,
}

struct Bars {
    all: MultiProgress,
    producers: Vec<ProgressBar>,
    consumers: Vec<ProgressBar>,
}

impl Screen {
    pub(super) fn new(producers: u32, consumers: u32, messages: u64) -> Self {
        let bars = io::stdout().is_terminal().then(|| {
            let all = MultiProgress::new();
            let style = |template| {
                ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar())
            };
            let put = style("{prefix:>11} put {bar:40.green} {pos:>4}/{len}");
            let got = style("{prefix:>11} got {bar:40.cyan} {pos:>4}");
            let bar = |kind: &str, number, length, style: &ProgressStyle| {
                all.add(ProgressBar::new(length))
                    .with_prefix(format!("{kind} {number}"))
                    .with_style(style.clone())
            };
            let total = u64::from(producers) * messages;
            Bars {
                producers: (0..producers)
                    .map(|number| bar("producer", number, messages, &put))
                    .collect(),
                consumers: (0..consumers)
                    .map(|number| bar("consumer", number, total, &got))
                    .collect(),
                all,
            }
        });
        Self { bars }
    }

    /// A line of the story.
    pub(super) fn tell(&self, line: &str) -> Done {
        let told = match &self.bars {
            Some(bars) => bars.all.println(line),
            None => writeln!(io::stdout(), "{line}"),
        };
        told.map_err(unwritten)
    }

    pub(super) fn put(&self, producer: u32) {
        if let Some(bars) = &self.bars {
            bars.producers[producer as usize].inc(1);
        }
    }

    pub(super) fn got(&self, consumer: u32) {
        if let Some(bars) = &self.bars {
            bars.consumers[consumer as usize].inc(1);
        }
    }

    /// Leaves the bars as they are.
    pub(super) fn finish(&self) {
        if let Some(bars) = &self.bars {
            bars.producers.iter().chain(&bars.consumers).for_each(ProgressBar::abandon);
        }
    }
}
