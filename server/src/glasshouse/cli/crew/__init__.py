"""Further collector processes beside the first: one more core for the doors. See decision 0062.

crew.py            in the first process: starts them, writes for them, shares what they share
member.py          a further process: doors alone, over the first one's journal
channel.py         what the two say to each other
remote_journal.py  the journal as a member sees it
forwarding.py      requests that are no door's go to the first process
"""
