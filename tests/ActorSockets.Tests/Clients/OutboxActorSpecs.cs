using System.Reflection;
using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Tests.Support;
using Akka.Actor;

namespace ActorSockets.Tests.Clients;

/// <summary>The outbox's actor over an outbox whose commands take as long as the spec wants.</summary>
public sealed class OutboxActorSpecs() : Specs(VirtualTime)
{
    private static readonly OutboxLimits Limits = new(1 << 30, 1_000, 1 << 30, 1_000);

    [Fact]
    public async Task Commands_that_are_being_executed_are_not_begun_again_when_something_else_fails()
    {
        var outbox = DispatchProxy.Create<IOutbox, SlowOutbox>();
        var slow = (SlowOutbox)outbox;
        var (opened, failing) = (SubscribeTo<OutboxEvents.OutboxOpened>(), SubscribeTo<OutboxEvents.OutboxFailing>());
        var access = new OutboxAccess(new OutboxSettings(new StorePlace.OnDisk("nowhere"), Limits, TimeSpan.FromDays(1), TimeSpan.FromDays(1)));
        var actor = Sys.ActorOf(OutboxActor.Props(access, _ => new ScriptedStore(new MemoryLedger(1), outbox)));
        opened.ExpectMsg<OutboxEvents.OutboxOpened>();
        await AfterAsync(TimeSpan.FromSeconds(1), actor);
        Assert.Equal(1, slow.Executions);

        Sys.EventStream.Publish(new OutboxActor.Trouble("a line cannot be read"));
        failing.ExpectMsg<OutboxEvents.OutboxFailing>();
        await AfterAsync(TimeSpan.FromSeconds(1), actor);
        Assert.Equal(1, slow.Executions);

        slow.Execution.SetException(new IOException("the database is away"));
        AwaitAssert(() =>
        {
            Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(2, slow.Executions);
        });
    }

    /// <summary>The timers are started, and what they have sent is processed.</summary>
    private async Task AfterAsync(TimeSpan time, IActorRef actor)
    {
        await actor.Ask<ActorIdentity>(new Identify(null));
        Advance(time);
        await actor.Ask<ActorIdentity>(new Identify(null));
    }

    public class SlowOutbox : DispatchProxy
    {
        private readonly OutboxRoom _room = new(Limits);

        public int Executions { get; private set; }

        public TaskCompletionSource<int> Execution { get; } = new();

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
        {
            "get_Room" => _room,
            "get_Damages" => Array.Empty<string>(),
            nameof(IOutbox.ExecuteWaitingAsync) => Execute(),
            nameof(IOutbox.LookAsync) => Task.FromResult<IReadOnlyList<string>>([]),
            nameof(IOutbox.OldestAsync) => Task.FromResult<DateTime?>(null),
            nameof(IOutbox.ForgetFailedAsync) => Task.FromResult(0),
            _ => throw new NotSupportedException(targetMethod.Name),
        };

        private Task<int> Execute()
        {
            Executions++;
            return Execution.Task;
        }
    }
}
