using System.Threading.Tasks.Sources;

namespace ActorSockets.Platform;

/// <summary>
/// The same blocking call again and again on a lane, one at a time, without an allocation: a disk write for each chunk.
/// </summary>
/// <param name="lane">Where it blocks.</param>
/// <param name="call">What blocks.</param>
/// <param name="continueOnLane">
/// Whether what awaits the call continues on the lane's thread, and not on the thread pool. Saves a change of threads, for a
/// caller that only sends a message; one that blocks would hold up the lane.
/// </param>
internal sealed class BlockingCall<TArgument, TResult>(BlockingThreads lane, Func<TArgument, TResult> call, bool continueOnLane = false)
    : BlockingWork, IValueTaskSource<TResult>
{
    private ManualResetValueTaskSourceCore<TResult> _source = new() { RunContinuationsAsynchronously = !continueOnLane };
    private TArgument _argument = default!;

    /// <summary>Call it again only when the task of the last call has been awaited.</summary>
    public ValueTask<TResult> RunAsync(TArgument argument)
    {
        _source.Reset();
        _argument = argument;
        lane.Start(this);
        return new ValueTask<TResult>(this, _source.Version);
    }

    public override void Run()
    {
        var argument = _argument;
        _argument = default!;
        TResult result;
        try
        {
            result = call(argument);
        }
        catch (Exception e)
        {
            _source.SetException(e);
            return;
        }

        _source.SetResult(result);
    }

    public override void Fail(Exception cause) => _source.SetException(cause);

    TResult IValueTaskSource<TResult>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<TResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
