namespace ActorSockets.Platform;

/// <summary>A piece of work for a lane.</summary>
internal abstract class BlockingWork
{
    /// <summary>Does it on the lane's thread; throws nothing.</summary>
    public abstract void Run();

    /// <summary>Called in place of <see cref="Run"/> when the lane gets no thread.</summary>
    public abstract void Fail(Exception cause);
}
