using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;
using ActorSockets.Servers.Arrivals;
using ActorSockets.Transport;
using Akka.Actor;
using Akka.Event;

namespace ActorSockets.Servers;

/// <summary>
/// What a client and the server say to each other on a connection of the deliveries protocol: what came becomes steps of
/// deliveries, and their answers become output. Used by one actor alone, which gets <see cref="Stepped"/> for each step that takes
/// time, and <see cref="Evicted"/>. It neither reads nor writes the connection.
/// </summary>
internal sealed class Conversation
{
    // Pieces of input that wait for their sinks: a client can cut its bytes very small.
    private const int MostSteps = 1024;

    private readonly ServerSettings _server;
    private readonly string _peer;
    private readonly string _sender;
    private readonly IArrivals _arrivals;
    private readonly IActorRef _actor;
    private readonly EventStream _events;
    private readonly ReceivingEnd _end;
    private readonly Dictionary<Incoming, Arriving> _arriving = [];
    private readonly CancellationTokenSource _gone = new();
    private ReadOnlyMemory<byte> _input;
    private bool _hasUnderstood;
    private int _stepsOnInput;

    public Conversation(ServerSettings server, Connection connection, IArrivals arrivals, IActorContext context)
    {
        // Of nobody's without a certificate: only that proves who a sender is.
        _sender = connection.Identity?.Subject ?? "";
        (_server, _peer, _arrivals, _actor, _events) = (server, connection.Peer, arrivals, context.Self, context.System.EventStream);
        _end = new ReceivingEnd(new Greeting
        {
            Window = server.Window,
            MaxLength = server.MaxLength,
            // Other sinks know what the process has received, and a process can end.
            Remembers = server.Sink is "file" or "relay" ? server.Remembers : TimeSpan.Zero,
            Digests = server.Digest == DigestAlgorithm.Xxh128 ? [DigestAlgorithm.Xxh128, DigestAlgorithm.Sha256] : [DigestAlgorithm.Sha256, DigestAlgorithm.Xxh128],
        });
    }

    /// <summary>Why the connection is of no more use, for people; null: it is of use. The first reason counts.</summary>
    public string? Broken { get; private set; }

    /// <summary>Refuses deliveries from now on.</summary>
    public bool IsDraining { get; set; }

    /// <summary>Whether more may be read: all that came is taken, and its memory is free.</summary>
    public bool NeedsInput => _input.IsEmpty && _stepsOnInput == 0;

    /// <summary>Whether some of the input can be taken now: it waits for no answer, and for no room in the output.</summary>
    public bool CanGoOn => Broken is null && !_input.IsEmpty && !_end.IsPaused && _stepsOnInput < MostSteps;

    /// <summary>Whether what came ends where a connection may end.</summary>
    public bool MayEnd => _end.MayEnd && _input.IsEmpty;

    /// <summary>Whether every delivery has come to its end, be it in its sink.</summary>
    public bool IsSettled => _arriving.Count == 0;

    /// <summary>Whether the client waits for us.</summary>
    public bool OwesAnswers => _stepsOnInput > 0 || _end.IsPaused || _arriving.Values.Any(arriving => arriving.IsEnding);

    /// <summary>Whether an answer is under way for which the rest of the input waits.</summary>
    public bool IsPaused => _end.IsPaused;

    /// <inheritdoc cref="ReceivingEnd.TakeOutput"/>
    public ReadOnlyMemory<byte> TakeOutput() => _end.TakeOutput();

    /// <summary>Adds input, when it is needed. Its memory is to stay until more is needed.</summary>
    public void Add(ReadOnlyMemory<byte> input) => _input = input;

    /// <summary>Takes the input as far as possible.</summary>
    public void GoOn(TimeSpan now)
    {
        while (CanGoOn && _end.Next(ref _input) is { Kind: not ReceivingEventKind.None } found)
            Take(found, now);
    }

    /// <summary>A step is done.</summary>
    public void Hear(Stepped stepped, TimeSpan now)
    {
        _stepsOnInput -= stepped.HoldsInput ? 1 : 0;
        if (stepped.Arriving is not { } arriving || !_arriving.ContainsKey(arriving.Delivery))
            return;

        if (stepped.Answer is { } answer)
            _end.Give(arriving.Delivery, answer);
        if (!stepped.IsLast && stepped.Answer is null or { Verb: AnswerVerb.From })
            return;
        _arriving.Remove(arriving.Delivery);
        Report(arriving, stepped.Answer ?? arriving.Delivery.Answer, now);
    }

    /// <summary>No more comes: what came is kept for another connection. What has come whole is still stored.</summary>
    public void BreakOff(string reason, TimeSpan now)
    {
        Broken ??= reason;
        _gone.Cancel();
        foreach (var arriving in _arriving.Values.Where(arriving => !arriving.IsEnding).ToArray())
            Follow(arriving, arriving.KeepAsync(), now, isLast: true);
    }

    private void Take(ReceivingEvent found, TimeSpan now)
    {
        var arriving = found.Delivery is null ? null : _arriving.GetValueOrDefault(found.Delivery);
        switch (found.Kind)
        {
            case ReceivingEventKind.Begun:
                Begin(found.Delivery!, now);
                break;
            case ReceivingEventKind.Bytes when arriving is not null:
                Follow(arriving, arriving.AppendAsync(found.Bytes), now, holdsInput: true);
                break;
            case ReceivingEventKind.Ended when arriving is not null:
                Follow(arriving, arriving.EndAsync(found.Digest), now, isLast: true);
                break;
            case ReceivingEventKind.Aborted when arriving is not null:
                Follow(arriving, arriving.KeepAsync(), now, isLast: true);
                break;
            case ReceivingEventKind.Refused when arriving is not null:
                Follow(arriving, arriving.DropAsync(), now, isLast: true);
                break;
            case ReceivingEventKind.Refused:
                Report(found.Delivery!, found.Delivery!.Answer!, null);
                break;
            case ReceivingEventKind.Cancelled:
                Cancel(found.Text!);
                break;
            case ReceivingEventKind.Failed:
                BreakOff(_hasUnderstood ? $"the client broke the protocol: {found.Text}" : "the client does not speak the deliveries protocol; is it raw?", now);
                break;
        }

        _hasUnderstood = true;
    }

    private void Begin(Incoming delivery, TimeSpan now)
    {
        if (IsDraining)
        {
            _end.Give(delivery, Answer.Later(Codes.Draining));
            Report(delivery, delivery.Answer!, null);
            return;
        }

        var arriving = new Arriving(delivery, _arrivals, Key(delivery.Header.Id), _peer, now, _gone.Token);
        _arriving.Add(delivery, arriving);
        Follow(arriving, arriving.BeginAsync(owner: this, evict: () => _actor.Tell(new Evicted(delivery.Header.Id))), now);
    }

    private void Cancel(string id)
    {
        _stepsOnInput++;
        var done = new Stepped(null, null, HoldsInput: true, IsLast: true);
        // What cannot be thrown away now goes when its time is over.
        _arrivals.CancelAsync(Key(id), owner: this).PipeTo(_actor, success: () => done, failure: _ => done);
    }

    private DeliveryKey Key(string id) => new(_sender, id);

    private void Follow(Arriving arriving, ValueTask<Answer?> step, TimeSpan now, bool holdsInput = false, bool isLast = false)
    {
        if (step.IsCompletedSuccessfully)
        {
            Hear(new Stepped(arriving, step.Result, HoldsInput: false, isLast), now);
            return;
        }

        _stepsOnInput += holdsInput ? 1 : 0;
        step.AsTask().PipeTo(_actor, success: answer => new Stepped(arriving, answer, holdsInput, isLast));
    }

    private void Report(Arriving arriving, Answer? answer, TimeSpan now)
    {
        var header = arriving.Delivery.Header;
        switch (answer)
        {
            case { Verb: AnswerVerb.Received } when arriving.WasKnown:
                _events.Publish(new ServerEvents.Repeated(_server.Name, _peer, header.Id, header.Name, answer.Bytes, arriving.StoredAs));
                break;
            case { Verb: AnswerVerb.Received }:
                _events.Publish(new ServerEvents.Stored(_server.Name, _peer, header.Id, header.Name, answer.Bytes, answer.Digest!.Value.ToString(),
                    arriving.ResumedFrom, now - arriving.BeganAt, arriving.StoredAs));
                break;
            case null or { Code: Codes.Aborted }:
                _events.Publish(new ServerEvents.Interrupted(_server.Name, _peer, header.Id, header.Name, arriving.Kept,
                    answer is null ? Broken ?? "" : "the client aborted it"));
                break;
            default:
                Report(arriving.Delivery, answer, arriving.Failure);
                break;
        }
    }

    private void Report(Incoming delivery, Answer answer, string? failure) =>
        _events.Publish(new ServerEvents.DeliveryRefused(_server.Name, _peer, delivery.Header.Id, answer.Code, failure ?? answer.Text));

    /// <summary>A step of a delivery is done, with the answer that it brought about.</summary>
    /// <param name="Arriving">Null: of none.</param>
    /// <param name="Answer">Null: none.</param>
    /// <param name="HoldsInput">Whether the memory of the input had to stay until then.</param>
    /// <param name="IsLast">Whether no other step follows.</param>
    internal sealed record Stepped(Arriving? Arriving, Answer? Answer, bool HoldsInput, bool IsLast) : IDeadLetterSuppression;

    /// <summary>Another connection brings a delivery of this one.</summary>
    internal sealed record Evicted(string Id) : IDeadLetterSuppression;
}
