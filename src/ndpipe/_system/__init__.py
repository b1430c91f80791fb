"""Tools beneath the products: memory, the machine, units of size, interrupts."""
