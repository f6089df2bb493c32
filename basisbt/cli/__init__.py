"""The command line: thin verbs over `studies` and `report`. Results on stdout, everything else on stderr."""
