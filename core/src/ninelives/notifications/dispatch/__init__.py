"""From what is to be told to the channels that tell it.

`center` is what calls hand over to, one a process: it asks the policy, and gives what is due to `lanes`, which
`dispatcher` has threads for. `delivery` words it (`worded`), tries the channels of a destination in turn (`attempts`),
notes what became of it (`results`) and tells the listeners (`telling`). `ending` is the end of the program, and
`together` what is sent directly and waited for.
"""
