using ActorSockets.Benchmarks;

return args switch
{
    ["isolation"] => await Isolation.RunAsync(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project tests/ActorSockets.Benchmarks -- isolation");
    return 2;
}
