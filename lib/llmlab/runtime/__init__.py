"""The machine: devices, numbers' precision, random generators, processes."""
