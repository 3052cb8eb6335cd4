"""The actions of operators, however they connect."""
