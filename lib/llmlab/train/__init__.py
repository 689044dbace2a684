"""Everything that takes a step; a technique enters as a batch source, a loss or a module swap."""
