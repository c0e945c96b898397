"""Personal data (UU 27/2022): sealed where it lies, shown to the person it is about, erased when they ask."""
