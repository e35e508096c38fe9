using ActorSockets.Payloads;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>Deliveries that wait for their turn on a connection. The payload of the first one is opened when the turn comes.</summary>
/// <param name="self">Is told when a payload that takes time is open.</param>
internal sealed class NextPayload(IActorRef self)
{
    private readonly Queue<Pipelined.Work> _waiting = new();
    private Pipelined.Work? _work;
    private Task<Stream>? _opening;
    private Stream? _open;

    /// <summary>Whether there is one, open or not.</summary>
    public bool IsThere => _work is not null || _waiting.Count > 0;

    public void Add(IReadOnlyList<Pipelined.Work> work)
    {
        foreach (var item in work)
            _waiting.Enqueue(item);
    }

    /// <summary>Takes a delivery out, if it is here.</summary>
    public void Withdraw(string id)
    {
        if (_work?.Id == id)
            Close();
        for (var left = _waiting.Count; left > 0; left--)
        {
            if (_waiting.Dequeue() is var work && work.Id != id)
                _waiting.Enqueue(work);
        }
    }

    /// <summary>Opens the first payload, unless that is under way. True: it is open.</summary>
    public bool TryOpen()
    {
        if (_open is not null)
            return true;
        if (_work is not null || !_waiting.TryDequeue(out var work))
            return false;
        _work = work;
        var opening = work.Payload.OpenAsync();
        if (opening.IsCompletedSuccessfully && opening.Result is not IOnFile)
        {
            _open = opening.Result;
            return true;
        }

        _opening = opening;
        Preparation.OpenAsync(opening).PipeTo(self, success: result => new Opened(work, result));
        return false;
    }

    /// <summary>The one that is open: whoever takes it closes it.</summary>
    public (Pipelined.Work Work, Stream Bytes) Take()
    {
        var taken = (_work!, _open!);
        (_work, _open) = (null, null);
        return taken;
    }

    /// <summary>What came of opening a payload.</summary>
    /// <returns>How the delivery has ended, if its payload cannot be opened; null: it can, or it was withdrawn meanwhile.</returns>
    public Pipelined.Step? Hear(Opened opened)
    {
        if (opened.Work != _work)
            return null;
        (_opening, _open) = (null, opened.Result as Stream);
        if (opened.Result is not Attempt.Ending ending)
            return null;
        var id = _work.Id;
        _work = null;
        return new Pipelined.Step(Pipelined.StepKind.Ended, id, Ending: ending);
    }

    /// <summary>Closes what is open, or will be.</summary>
    public void Close()
    {
        if (_opening is not null || _open is not null)
            _ = Preparation.CloseAsync(_opening ?? Task.FromResult(_open!), Task.CompletedTask);
        (_work, _opening, _open) = (null, null, null);
    }

    /// <summary>To be handed to <see cref="Hear"/>. The result is a stream, or how the attempt has ended.</summary>
    public sealed record Opened(Pipelined.Work Work, object Result) : IDeadLetterSuppression;
}
