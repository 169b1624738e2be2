int broken() { return missing; }
