"""Names of other libraries, over chainrule: a program written for one of them runs after its import lines are changed."""
