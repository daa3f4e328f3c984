package main

func main() { programMain() }
