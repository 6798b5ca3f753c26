"""The commands, one file each; the only place that wires objects together."""
