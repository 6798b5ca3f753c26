"""A site of Puppet Enterprise in small; the programs that use it stand beside this folder."""
