using Akka.Actor;

namespace ActorSockets.Platform;

/// <summary>
/// Props from a plain constructor call. Akka's <c>Props.Create(() => new X(…))</c> reads an expression tree and looks the
/// constructor up by reflection, for each actor: ten thousand targets have twenty thousand.
/// </summary>
internal static class PlainProps
{
    /// <summary>On the library's own dispatcher, not on the host's.</summary>
    public static Props Of<T>(Func<T> create) where T : ActorBase => Props.CreateBy(new Producer<T>(create)).WithDispatcher(Dispatchers.Default);

    private sealed class Producer<T>(Func<T> create) : IIndirectActorProducer where T : ActorBase
    {
        public Type ActorType => typeof(T);

        public ActorBase Produce() => create();

        public void Release(ActorBase actor)
        {
            // Actors let go of what they hold when they stop.
        }
    }
}
