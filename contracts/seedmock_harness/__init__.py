"""Contract harness: ask an upstream, judge what it answers, report. Nothing of seedmock imports it."""
