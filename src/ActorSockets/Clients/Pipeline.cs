using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Protocols.Deliveries;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Clients;

/// <summary>
/// Turns deliveries into bytes for a connection, one after another: opens a payload, asks, hashes, cuts it into chunks, ends it,
/// judges the answer. What takes time comes back as a message to the connection's actor.
/// </summary>
/// <param name="target">How to send.</param>
/// <param name="end">The protocol.</param>
/// <param name="self">Is told what was opened, read and checked.</param>
internal sealed class Pipeline(TargetSettings target, SendingEnd end, IActorRef self) : IDisposable
{
    private readonly NextPayload _next = new(self);
    private readonly HashSet<OnTheWire> _unanswered = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly ChunkSize _sizes = target.Chunk.AtRate(target.MaxSendRate);
    private List<Pipelined.Step> _steps = [];
    private WireBuffer _filling = new();
    private WireBuffer _spare = new();
    private int _size = target.Chunk.AtRate(target.MaxSendRate).First;
    private int _fastInARow;
    private OnTheWire? _current;
    private OnTheWire? _awaited;
    private Task _reading = Task.CompletedTask;
    private int _beforeRead;
    private int _wanted;
    private bool _isAway;

    /// <summary>What is offered to the kernel and not taken whole; null: nothing.</summary>
    public WireBuffer? Writing { get; private set; }

    /// <summary>Whether there is something to offer, and nothing offered.</summary>
    public bool CanOffer => Writing is null && !IsReading && _filling.Count > 0;

    /// <summary>Whether anything is left to be sent.</summary>
    public bool IsBusy => _current is not null || _next.IsThere || Writing is not null || _filling.Count > 0;

    /// <summary>Whether the next thing to happen is an answer.</summary>
    public bool IsUpToThePeer => end.Unanswered > 0 && (end.Current is null || end.Current.IsWaiting || end.Unanswered > 1 && !_isAway);

    private bool IsReading => _isAway && _wanted > 0;

    public void Add(IReadOnlyList<Pipelined.Work> work) => _next.Add(work);

    /// <summary>That delivery is over for whoever asked for it.</summary>
    public void Withdraw(string id)
    {
        if (_current?.Id == id)
            (_current.IsOver, _current.IsWithdrawn) = (true, true);
        foreach (var delivery in _unanswered.Where(d => d.Id == id))
            delivery.IsOver = true;
        _next.Withdraw(id);
    }

    /// <summary>What has happened since the last call; null: nothing.</summary>
    public Pipelined.Steps? TakeSteps()
    {
        if (_steps.Count == 0)
            return null;
        var steps = new Pipelined.Steps(_steps);
        _steps = [];
        return steps;
    }

    /// <summary>The buffer to offer now; the next one is filled meanwhile.</summary>
    public WireBuffer NextBuffer()
    {
        Writing = _filling;
        _filling = _spare;
        return Writing;
    }

    /// <summary>The kernel took so many bytes.</summary>
    /// <returns>Whether it has the whole buffer.</returns>
    public bool Took(int count, TimeSpan after)
    {
        var size = Writing!.Count;
        if (!Writing.Took(count, _steps))
            return false;
        if (size >= _size)
            _size = _sizes.Next(_size, after, ref _fastInARow);
        _spare = Writing;
        Writing = null;
        if (!IsBusy || _awaited is not null)
        {
            _spare.Release();
            _filling.Release();
        }

        return true;
    }

    /// <summary>Adds to the buffer until it is full enough, or something has to come first.</summary>
    public void Fill()
    {
        while (!_isAway && _filling.Count < _size && Step())
        {
        }
    }

    /// <summary>What the receiver says about a delivery.</summary>
    public void Hear(OnTheWire delivery, Answer answer, string peer)
    {
        if (answer.Verb == AnswerVerb.From)
        {
            delivery.ReadOnly(answer.Bytes);
            if (!delivery.IsOver)
                _steps.Add(new Pipelined.Step(Pipelined.StepKind.Resumed, delivery.Id, answer.Bytes));
            return;
        }

        _unanswered.Remove(delivery);
        if (answer.Verb == AnswerVerb.Received && !delivery.HasEnded && !delivery.IsOver)
        {
            // Stored already, perhaps by a sender that is no more: is it this very payload?
            delivery.Compare(answer);
            return;
        }

        Conclude(delivery, answer.Verb switch
        {
            AnswerVerb.Received => delivery.Judge(answer, peer),
            _ => Refusal(answer, peer),
        });
        if (delivery == _current && end.Current != delivery)
            CloseCurrent();
    }

    /// <summary>False when the message is none of the pipeline's.</summary>
    public bool TryHandle(object message)
    {
        switch (message)
        {
            case NextPayload.Opened opened:
                if (_next.Hear(opened) is { } failed)
                    _steps.Add(failed);
                return true;
            case ReadEnded read:
                _isAway = false;
                AfterRead(read.Count, read.Failure);
                return true;
            case Came came when came.Delivery == _awaited:
                _awaited = null;
                if (came.Failure is not null && came.Delivery == _current && !came.Delivery.IsOver)
                    FailPayload(came.Delivery, came.Failure);
                return true;
            case Came:
                return true;
            case Checked check:
                _isAway = false;
                AfterCheck(check.Change);
                return true;
            default:
                return false;
        }
    }

    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
        _next.Close();
        CloseCurrent();
        // Buffers that are being written or read are not pooled again: the collector takes them.
    }

    /// <summary>False when something has to happen first.</summary>
    private bool Step()
    {
        if (_current is null)
            return _next.TryOpen() && Begin();
        if (_current.Claim is not null)
            return Compare();
        if (_current.IsWaiting)
            return false;
        if (_current.IsOver)
        {
            Abort();
            return true;
        }

        return _current.Ready == 0 ? Check() : ReadOn();
    }

    /// <summary>Reads what the target has stored already, and judges.</summary>
    private bool Compare()
    {
        var delivery = _current!;
        if (!delivery.IsOver && delivery.Ready != 0)
            return ReadOn();
        delivery.Finish();
        Conclude(delivery, delivery.Judge(delivery.Claim!, target.Endpoint));
        CloseCurrent();
        return true;
    }

    private bool Begin()
    {
        if (!end.MayBegin)
            return false;
        var (work, bytes) = _next.Take();
        var algorithm = end.Greeting!.Digests.Contains(target.Digest) ? target.Digest : end.Greeting.Digests[0];
        var header = new DeliveryHeader
        {
            Id = work.Id,
            // Of a stream it is never told, also when it is known at a later attempt: what the target has is of that id and length.
            Length = bytes is IGrowing ? null : bytes.Length,
            Algorithm = algorithm,
            Name = work.Payload.Name is { } name && PayloadName.IsValid(name) ? name : null,
            Asks = work.Asks || bytes is IGrowing || bytes.Length > target.ResumeAbove,
        };
        _current = new OnTheWire(work, header, bytes, algorithm);
        _unanswered.Add(_current);
        _filling.Add(end.Begin(_current, _filling.Line()));
        _steps.Add(new Pipelined.Step(Pipelined.StepKind.Begun, work.Id, _current.Length ?? 0));
        return !header.Asks;
    }

    /// <summary>Reads the next bytes into the buffer, behind a chunk's header; or beside it, when they are only hashed.</summary>
    private bool ReadOn()
    {
        var delivery = _current!;
        if (delivery.Ready is not { } ready)
            return Wait(delivery);
        var onlyHashed = delivery.Read < delivery.HashTo;
        _beforeRead = _filling.Count;
        _wanted = (int)Math.Min(onlyHashed ? Math.Min(_sizes.MaxBytes, delivery.HashTo - delivery.Read) : _size - _filling.Count, ready);
        if (!onlyHashed)
            _filling.Add(end.Chunk(_wanted, _filling.Line()));
        var room = _filling.Room(_wanted + Line.MaxLength)[.._wanted];
        var reading = delivery.Bytes.ReadAtLeastAsync(room, _wanted, throwOnEndOfStream: false, _ended.Token);
        if (reading.IsCompletedSuccessfully)
        {
            AfterRead(reading.Result, null);
            return true;
        }

        _isAway = true;
        var task = reading.AsTask();
        _reading = task;
        task.PipeTo(self, success: count => new ReadEnded(count, null), failure: e => new ReadEnded(0, delivery.WhyUnreadable(e)));
        return false;
    }

    /// <summary>Waits for the stream. What it has given before can be sent meanwhile, and answers be heard.</summary>
    private bool Wait(OnTheWire delivery)
    {
        if (_awaited == delivery)
            return false;
        _awaited = delivery;
        delivery.Growing!.WaitForMoreAsync(_ended.Token).AsTask()
            .PipeTo(self, success: _ => new Came(delivery, null), failure: e => new Came(delivery, delivery.WhyUnreadable(e)));
        return false;
    }

    private void AfterRead(int count, string? failure)
    {
        var (delivery, wanted) = (_current!, _wanted);
        _wanted = 0;
        if (count < wanted)
        {
            _filling.BackTo(_beforeRead);
            FailPayload(delivery, failure is null
                ? $"{delivery.Description} became shorter while it was being sent: {delivery.Read + count} of {delivery.Length} B"
                : failure);
            return;
        }

        var onlyHashed = delivery.Read < delivery.HashTo;
        delivery.Hash(_filling.Room(wanted).Span[..wanted]);
        if (onlyHashed)
            return;
        _filling.Add(wanted);
        _filling.Mark(delivery, delivery.Read, wanted);
        _filling.Add(SendingEnd.ChunkEnd);
    }

    /// <summary>The end is not sent before it is known that the bytes are those of one moment.</summary>
    private bool Check()
    {
        var checking = _current!.CheckAsync();
        if (checking.IsCompletedSuccessfully)
        {
            AfterCheck(checking.Result);
            return true;
        }

        _isAway = true;
        checking.AsTask().PipeTo(self, success: change => new Checked(change), failure: e => new Checked($"{_current.Description} cannot be read: {e.Message}"));
        return false;
    }

    private void AfterCheck(string? change)
    {
        var delivery = _current!;
        if (change is not null)
        {
            FailPayload(delivery, change);
            return;
        }

        if (delivery.IsOver)
            return;
        if (delivery.Read < delivery.HashTo)
        {
            FailPayload(delivery, $"{delivery.Description} ended after {delivery.Read} B, and the target has {delivery.HashTo} B under this id: deliver it under another one");
            return;
        }

        _filling.Add(end.End(delivery.Finish(), _filling.Line()));
        _steps.Add(new Pipelined.Step(Pipelined.StepKind.Confirming, delivery.Id));
        CloseCurrent();
    }

    private void FailPayload(OnTheWire delivery, string reason)
    {
        delivery.IsWithdrawn = true;
        Conclude(delivery, new Attempt.Hopeless(FailureKind.Payload, reason));
        if (delivery.Claim is not null)
            CloseCurrent();
    }

    private void Abort()
    {
        var delivery = _current!;
        _filling.Add(end.Abort(_filling.Line()));
        if (delivery.IsWithdrawn)
            _filling.Add(end.Cancel(delivery.Id, _filling.Line()));
        CloseCurrent();
    }

    private void Conclude(OnTheWire delivery, Attempt.Ending ending)
    {
        if (!delivery.IsOver)
            _steps.Add(new Pipelined.Step(Pipelined.StepKind.Ended, delivery.Id, Ending: ending));
        delivery.IsOver = true;
    }

    private static Attempt.Ending Refusal(Answer answer, string peer)
    {
        var reason = $"{peer} refuses: {answer.Code}{(answer.Text.Length == 0 ? "" : $", {answer.Text}")}";
        if (answer.Verb == AnswerVerb.Never)
            return new Attempt.Hopeless(FailureKind.RefusedForGood, reason);
        return new Attempt.Lost(answer.Code == Codes.Mismatch ? FailureKind.ReceiptMismatch : FailureKind.RefusedForNow, reason);
    }

    private void CloseCurrent()
    {
        _current?.Close(_reading);
        (_current, _reading) = (null, Task.CompletedTask);
    }

    private sealed record Came(OnTheWire Delivery, string? Failure) : IDeadLetterSuppression;

    private sealed record ReadEnded(int Count, string? Failure) : IDeadLetterSuppression;

    private sealed record Checked(string? Change) : IDeadLetterSuppression;
}
