"""The replay engine: claim, run through the pipeline, confirm. A crash leaves the letter, or the work done once more.

From `Pipeline.replay` to what happens to one letter:

1. `choice` looks at what was asked for, `begin` makes a `Run` of it (or lets `dry` only look), and `threads` or `tasks`
   loops over it: `threads` for `replay`, `tasks` for `areplay`.
2. `run` says what is done with each letter. Each step has a module:
   which letters there are and claiming them: `source`, with `ids` (the list, made when it begins), `received` (a store
   that can only receive) and `seen` (letters that may be met twice);
   when the next one may begin, and how many are claimed ahead: `pace`;
   the call that runs it: `functions`; a letter that is ours, and one that is being run: `held`;
   renewing its lease meanwhile: `keeping`;
   writing down what came of it: `ending`, which has `dead_letters.claims` and `dead_letters.batches` do it.
3. `tally` counts and tells, and `report` is what the caller gets.

Imported when something is replayed, not before.
"""
